// Drives io_uring itself: reads of an empty pipe whose user_data leads to what waits for them in one way each.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

type params struct {
	sqEntries, cqEntries, flags, sqThreadCpu, sqThreadIdle, features, wqFd uint32
	resv                                                                   [3]uint32
	sqOff                                                                  struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, resv1 uint32
		userAddr                                                        uint64
	}
	cqOff struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, resv1 uint32
		userAddr                                                        uint64
	}
}

type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, opFlags  uint32
	userData      uint64
	rest          [3]uint64
}

type ring struct {
	fd       int
	sq, sqes []byte
	p        params
}

func open(entries uint32) *ring {
	r := &ring{}
	fd, _, e := syscall.Syscall(425, uintptr(entries), uintptr(unsafe.Pointer(&r.p)), 0)
	if e != 0 {
		panic(e)
	}
	r.fd = int(fd)
	size := int(r.p.cqOff.cqes + r.p.cqEntries*16)
	if s := int(r.p.sqOff.array + r.p.sqEntries*4); s > size {
		size = s
	}
	var err error
	r.sq, err = syscall.Mmap(r.fd, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	r.sqes, err = syscall.Mmap(r.fd, 0x10000000, int(r.p.sqEntries)*64, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return r
}

func (r *ring) word(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.sq[off])) }

func (r *ring) read(fd int, buf []byte, userData uint64) {
	tail := *r.word(r.p.sqOff.tail)
	i := tail & (r.p.sqEntries - 1)
	*(*sqe)(unsafe.Pointer(&r.sqes[i*64])) = sqe{opcode: 22, fd: int32(fd), off: ^uint64(0), addr: uint64(uintptr(unsafe.Pointer(&buf[0]))), len: uint32(len(buf)), userData: userData}
	*r.word(r.p.sqOff.array + i*4) = i
	atomic.StoreUint32(r.word(r.p.sqOff.tail), tail+1)
	if _, _, e := syscall.Syscall6(426, uintptr(r.fd), 1, 0, 0, 0, 0); e != 0 {
		panic(e)
	}
}

type operation struct {
	length int
	done   chan int
	kind   int
}

type callback struct {
	next *callback
	run  func(int)
}

var kept []any

func await(done chan int) int { return <-done }

func viaStruct(r *ring, fd int) {
	op := &operation{length: 8, done: make(chan int)}
	kept = append(kept, op)
	r.read(fd, make([]byte, 8), uint64(uintptr(unsafe.Pointer(op))))
	await(op.done)
}

func viaChannel(r *ring, fd int) {
	done := make(chan int)
	kept = append(kept, done)
	r.read(fd, make([]byte, 16), uint64(*(*uintptr)(unsafe.Pointer(&done))))
	select {
	case <-done:
	case <-make(chan int):
	}
}

func viaClosure(r *ring, fd int, name string) {
	f := func(n int) { fmt.Println(name, n) }
	kept = append(kept, f)
	r.read(fd, make([]byte, 24), uint64(*(*uintptr)(unsafe.Pointer(&f))))
}

func viaCallback(r *ring, fd int, name string) {
	c := &callback{run: func(n int) { fmt.Println("done", name, n) }}
	kept = append(kept, c)
	r.read(fd, make([]byte, 32), uint64(uintptr(unsafe.Pointer(c))))
}

func reap(r *ring) {
	for {
		syscall.Syscall6(426, uintptr(r.fd), 0, 1, 1, 0, 0)
	}
}

func main() {
	r := open(16)
	p := make([]int, 2)
	if err := syscall.Pipe(p); err != nil {
		panic(err)
	}
	ready := make(chan bool)
	step := func(f func()) {
		go func() { ready <- true; f() }()
		<-ready
		for i := 0; i < 1000; i++ {
			runtime.Gosched()
		}
	}
	step(func() { viaStruct(r, p[0]) })
	step(func() { viaChannel(r, p[0]) })
	viaClosure(r, p[0], "closure")
	viaCallback(r, p[0], "callback")
	r.read(p[0], make([]byte, 40), 7)
	go reap(r)
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
}
