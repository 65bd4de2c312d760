/*
 * cap_asm.h: the few fields of a slot that assembly reads; cap.c checks them against struct slot.
 */
#ifndef KERNEL_CAP_ASM_H
#define KERNEL_CAP_ASM_H

#define SLOT_TYPE_MASK    15
#define SLOT_ENDPOINT     7    /* TYPE_ENDPOINT */
#define SLOT_RIGHTS_SHIFT 4
#define SLOT_RIGHT_RECV   1
#define SLOT_RIGHT_CALL   2
#define SLOT_OBJECT       16
#define SLOT_BADGE        24

#endif
