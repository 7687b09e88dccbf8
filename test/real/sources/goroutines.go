// Goroutines that wait in every way there is; each line that is read from standard input is answered with Go's own account
// of them.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type store struct {
	mutex sync.Mutex
	ready *sync.Cond
}

// Set where the program is linked with C.
var inC func()

func serve(connection net.Conn) {
	buffer := make([]byte, 64)
	for {
		if _, err := connection.Read(buffer); err != nil {
			return
		}
	}
}

func accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go serve(connection)
	}
}

func fill(connection net.Conn) {
	connection.(*net.TCPConn).SetWriteBuffer(4096)
	for {
		if _, err := connection.Write(make([]byte, 1<<20)); err != nil {
			return
		}
	}
}

func (s *store) take() { s.mutex.Lock() }

func (s *store) await() {
	s.ready.L.Lock()
	s.ready.Wait()
}

func receive(from chan int) int { return <-from }

func send(to chan int) { to <- 1 }

func choose(one, other chan int) {
	select {
	case <-one:
	case other <- 2:
	}
}

func drain(pipe *os.File) { pipe.Read(make([]byte, 1)) }

func descend(depth int, from chan int) int {
	if depth > 0 {
		return descend(depth-1, from) + 1
	}
	return receive(from)
}

func first[T any](from chan T) T { return <-from }

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go accept(listener)
	never := make(chan int)
	s := &store{ready: sync.NewCond(&sync.Mutex{})}
	s.mutex.Lock()
	go s.take()
	go s.await()
	go receive(never)
	go send(make(chan int))
	go choose(make(chan int), make(chan int))
	go descend(20, never)
	go first(make(chan string))
	go receive(nil)
	reader, writer, _ := os.Pipe()
	go drain(reader)
	var group sync.WaitGroup
	group.Add(1)
	go group.Wait()
	go time.Sleep(time.Hour)
	go func() {
		defer group.Done()
		func() { receive(never) }()
	}()
	if inC != nil {
		go inC()
	}
	connections := make([]net.Conn, count)
	for i := range connections {
		if connections[i], err = net.Dial("tcp", listener.Addr().String()); err != nil {
			panic(err)
		}
	}
	deaf, _ := net.Listen("tcp", "127.0.0.1:0")
	full, _ := net.Dial("tcp", deaf.Addr().String())
	go fill(full)
	lines := make(chan bool)
	go func() {
		input := bufio.NewReader(os.Stdin)
		for {
			if _, err := input.ReadString('\n'); err != nil {
				os.Exit(0)
			}
			lines <- true
		}
	}()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	for range lines {
		all := make([]byte, 64<<20)
		fmt.Printf("%s\n\nend\n", all[:runtime.Stack(all, true)])
	}
	runtime.KeepAlive([]any{writer, deaf, full, connections})
}
