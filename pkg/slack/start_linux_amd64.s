#include "textflag.h"

#define PRCTL         157
#define SET_TIMERSLACK 29
#define GET_TIMERSLACK 30
#define LINUX_OWN      50000
#define WANTED         1000000

// igloo_start is where a program begins, with its arguments on the stack. One that is
// told to serve, and has the slack that Linux gives, gets what is wanted; then the
// runtime begins, whatever the system answered.
TEXT igloo_start(SB),NOSPLIT|NOFRAME,$0
	MOVQ 0(SP), BX // argc
	LEAQ 8(SP), R12 // argv

argument:
	DECQ BX
	JLE  runtime
	ADDQ $8, R12
	MOVQ (R12), R13
	CMPL (R13), $0x76726573 // "serv"
	JNE  argument
	CMPW 4(R13), $0x0065 // "e", and the end
	JNE  argument

	MOVL $GET_TIMERSLACK, DI
	MOVL $PRCTL, AX
	SYSCALL
	CMPQ AX, $LINUX_OWN
	JNE  runtime
	MOVL $SET_TIMERSLACK, DI
	MOVL $WANTED, SI
	MOVL $PRCTL, AX
	SYSCALL

runtime:
	JMP _rt0_amd64_linux(SB)
