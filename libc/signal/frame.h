/* frame.h: where libc/signal/entry.S finds and puts what a fault interrupted; C checks the numbers. */
#define BUFFER_FAULT   0x448           /* struct ipc_buffer: fault */
#define FAULT_PC       0
#define FAULT_SP       8
#define FAULT_A0       16
#define FAULT_A1       24
#define FAULT_CAUSE    32
#define FAULT_VA       40
#define FRAME_FLOATS   256             /* ucontext_t: behind 32 registers */
#define FRAME_FCSR     512
#define FRAME_BYTES    528
