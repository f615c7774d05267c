package main

import (
   "fmt"
   "net"
)

func main(){
	//链接服务器
   conn, err := net.Dial("tcp", "127.0.0.1:8000")
   if err != nil{
      fmt.Println("socket_client conenct server is err：",err)
      return
   }
	//结束时关闭链接
   defer  conn.Close()

   buf := make([]byte,1024)
    //循环发送
   for{
      fmt.Println("请输入：")
      fmt.Scan(&buf)
      fmt.Println("发送的内容为："+string(buf))

      conn.Write(buf)

      n, err := conn.Read(buf)
      if err!=nil {
         fmt.Println("socket_client write buf to server ,result is err :",err)
         return
      }

      result := buf[:n]
      fmt.Println("服务器回执为：",n,string(result))
   }
}
