package groups

import (
	"testing"
)

// The test vectors of the client protocol, section 13, as events.
func TestVectors(t *testing.T) {
	w := newWorld(t, "alpha")
	user1 := w.open("alpha", "user1", true)
	user2 := w.open("alpha", "user2", true)

	user1.join("chat")
	w.run()
	w.want("alpha", `1: join chat/1 members #user1#alpha sets *#user1#alpha`)

	user2.join("chat")
	w.run()
	w.want("alpha", `1 2: join chat/2 members #user1#alpha #user2#alpha sets *#user2#alpha`)

	user1.send("hello", "chat")
	w.run()
	w.want("alpha", `1 2: message "hello" from #user1#alpha to chat`)

	user1.put(user1.node.groups.Multicast(user1.id, &Multicast{SelfDiscard: true, Groups: []string{"chat", "other"}, Data: []byte("hi")}))
	w.run()
	w.want("alpha", `2: message "hi" from #user1#alpha to chat,other`)

	user2.leave("chat")
	w.run()
	w.want("alpha",
		`2: self-leave chat`,
		`1: leave chat/3 members #user1#alpha sets *#user2#alpha`)

	user2.join("chat")
	w.run()
	w.want("alpha", `1 2: join chat/4 members #user1#alpha #user2#alpha sets *#user2#alpha`)

	user2.close()
	w.run()
	w.want("alpha",
		`1: disconnect chat/5 members #user1#alpha sets *#user2#alpha`,
		`2: closed`)
}
