package client_test

import (
	"context"
	"fmt"
	"log"

	"mpspread/client"
)

// A member of a group prints what is said and who comes and goes.
func ExampleConn_Events() {
	ctx := context.Background()
	conn, err := client.Connect(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.Join(ctx, "chat"); err != nil {
		log.Fatal(err)
	}
	for ev, err := range conn.Events(ctx) {
		if err != nil {
			log.Print(err)
			return
		}
		switch ev := ev.(type) {
		case *client.Message:
			fmt.Printf("%s: %s\n", ev.Sender, ev.Data)
		case *client.Membership:
			fmt.Println("members now:", ev.Members)
		}
	}
}

// A program that counts has no use for a message once it has the next.
func ExampleConn_Borrow() {
	ctx := context.Background()
	conn, err := client.Connect(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.Join(ctx, "metrics"); err != nil {
		log.Fatal(err)
	}
	bytes := make(map[string]int) // by sender: strings may be kept
	for ev, err := range conn.Borrow(ctx) {
		if err != nil {
			log.Print(err)
			return
		}
		if m, ok := ev.(*client.Message); ok {
			bytes[m.Sender] += len(m.Data)
		}
	}
}
