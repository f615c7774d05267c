// What the course text's server and client do, each once: `both server` says its address, `both client ADDRESS` asks there.
// `both busy` computes in two goroutines, which the runtime interrupts by signals.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"time"
)

func server() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	connection, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	buffer := make([]byte, 1024)
	n, _ := connection.Read(buffer)
	fmt.Println(string(buffer[:n]))
	connection.Write([]byte("success"))
	connection.Close()
	listener.Close()
}

func client(address string) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	connection.Write([]byte("hello"))
	buffer := make([]byte, 1024)
	n, _ := connection.Read(buffer)
	fmt.Println(string(buffer[:n]))
	connection.Close()
}

func busy() {
	runtime.GOMAXPROCS(2)
	end := time.Now().Add(300 * time.Millisecond)
	done := make(chan int)
	for i := 0; i < 2; i++ {
		go func() {
			n := 0
			for time.Now().Before(end) {
				for j := 0; j < 1000000; j++ {
					n += j
				}
			}
			done <- n
		}()
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	for i := 0; i < 20; i++ {
		runtime.GC()
	}
	<-done
	<-done
	listener.Close()
	fmt.Println("done")
}

func main() {
	switch os.Args[1] {
	case "server":
		server()
	case "client":
		client(os.Args[2])
	case "busy":
		busy()
	}
}
