.text
.global main
main:
    ldi r24, lo8(message)
    ldi r25, hi8(message)
again:
    ld r0, X+
    sbiw r24, 1
    brne again
    rjmp main
.data
message: .asciz "hello"
