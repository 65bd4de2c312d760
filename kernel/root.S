/* root.S: the root server's image, page-aligned inside the kernel's. ROOT_IMAGE_PATH comes from the Makefile. */
	.section .root, "a"
	.balign 4096
	.globl root_image
root_image:
	.incbin ROOT_IMAGE_PATH
	.balign 4096
	.globl root_image_end
root_image_end:
