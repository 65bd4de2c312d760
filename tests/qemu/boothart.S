/*
 * boothart.S: makes one hart the boot hart of QEMU's virt machine, where the firmware otherwise draws lots. All harts
 * start here instead of in the reset vector, in machine mode, in the firmware's own RAM behind its code. The chosen
 * one goes on as the reset vector would; the others wait until the kernel has written its word `watch`, then follow.
 * CHOSEN and WATCH (a physical address) are set by the assembler's command line.
 */
#define RESET_ENTRY 0x1018	/* in QEMU's reset vector: where the firmware starts */
#define RESET_TREE  0x1020	/* and the device tree */

	.option norvc
	csrr	a0, mhartid
	li	t0, CHOSEN
	beq	a0, t0, 2f
	li	t0, WATCH
1:	lwu	t1, 0(t0)
	beqz	t1, 1b
2:	li	t0, RESET_TREE
	lwu	a1, 0(t0)
	lla	a2, info
	li	t0, RESET_ENTRY
	lwu	t0, 0(t0)
	jr	t0

	/* struct fw_dynamic_info of OpenSBI: the next stage in supervisor mode, no options, the boot hart. */
	.balign	8
info:	.dword	0x4942534f, 2, 0x80200000, 1, 0, CHOSEN
