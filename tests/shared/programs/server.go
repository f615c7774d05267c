package main

import (
   "fmt"
   "net"
)

func main() {
    // net包中封装好的接口，内部包括了 新建一个socket，绑定端口等操作
   listen, err := net.Listen("tcp", "127.0.0.1:8000")
   if err != nil{
      fmt.Println("socket_server is final",err)
      return
   }
	//默认程序结束时关闭链接
   defer  listen.Close()

   for{
       //从监听中接收一个消息
      conn, err := listen.Accept()
      if err!= nil{
         fmt.Println("socket_server connect is err:",err)
         continue
      }
       //如果获取成功，开启一个协程处理这个数据
      go func(conn net.Conn) {
         defer conn.Close()
          // 获取链接地址
         ipAddr := conn.RemoteAddr().String()
         fmt.Println("链接成功IP：",ipAddr)

         buf := make([]byte,1024)
         n, err := conn.Read(buf)
         if err != nil{
            fmt.Println("socket_server read is err:",err)
            return
         }
         bytes := buf[:n]
         fmt.Println("服务端接收IP：",ipAddr," 数据为：",string(bytes))

         conn.Write([]byte("success"))
      }(conn)
   }
}
