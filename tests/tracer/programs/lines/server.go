// A listener and its client in one process. Behind each line that makes a call stands which.
package main

import (
	"fmt"
	"net"
)

func waitForClient(listener net.Listener) net.Conn {
	connection, err := listener.Accept() // makes: accept4
	if err != nil {
		panic(err)
	}
	return connection
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // makes: socket bind listen close
	if err != nil {
		panic(err)
	}
	client, err := net.Dial("tcp", listener.Addr().String()) // makes: socket connect
	if err != nil {
		panic(err)
	}
	connection := waitForClient(listener) // calls waitForClient
	client.Write([]byte("hello"))         // makes: write
	buffer := make([]byte, 8)
	n, _ := connection.Read(buffer) // makes: read
	fmt.Println(string(buffer[:n]))
	connection.Close() // makes: close
	client.Close()     // makes: close
	listener.Close()   // makes: close
}
