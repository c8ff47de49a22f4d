package groups

import (
	"reflect"
	"testing"

	"mpspread/ring"
)

func TestInspect(t *testing.T) {
	message := &Multicast{Groups: []string{"g", "", "#x#h1", "g"}, Data: []byte("data")}
	discarded := &Multicast{SelfDiscard: true, Groups: []string{}}
	for _, test := range []struct {
		name    string
		payload []byte
		want    Request
		act     string
	}{
		{"message", encodeData("x", message), Request{Act: ActMessage, Name: "x", Groups: message.Groups}, "message"},
		{"to nobody", encodeData("x", discarded), Request{Act: ActMessage, Name: "x", Groups: []string{}, SelfDiscard: true}, "message"},
		{"join", encodeRequest(kindJoin, "x", "g"), Request{Act: ActJoin, Name: "x", Groups: []string{"g"}}, "join"},
		{"leave", encodeRequest(kindLeave, "x", "g"), Request{Act: ActLeave, Name: "x", Groups: []string{"g"}}, "leave"},
		{"disconnect", encodeRequest(kindDisconnect, "x", ""), Request{Act: ActDisconnect, Name: "x"}, "disconnect"},
		{"announcement", (&announcement{conf: ring.RingID{Epoch: 1}}).encode(), Request{Act: ActAnnounce}, "announce"},
		{"piece", (&piece{size: pieceSize + 1, bytes: make([]byte, pieceSize)}).encode(), Request{Act: ActPiece}, "piece"},
		{"last piece", (&piece{index: 1, size: pieceSize + 1, bytes: []byte{1}}).encode(), Request{Act: ActLastPiece}, "last-piece"},
	} {
		got, err := Inspect(test.payload)
		if err != nil || !reflect.DeepEqual(got, test.want) || got.Act.String() != test.act {
			t.Errorf("%s: %+v (%s), %v", test.name, got, got.Act, err)
		}
	}
	for _, bad := range [][]byte{nil, {}, {0}, {7, 1, 'x'}, {byte(kindData)}, encodeRequest(kindJoin, "", "g"), append(encodeRequest(kindDisconnect, "x", ""), 1)} {
		if got, err := Inspect(bad); err == nil {
			t.Errorf("%x is taken for %+v", bad, got)
		}
	}
	if Act(0).String() != "none" || Act(9).String() != "act 9" {
		t.Error("what is no act has a name")
	}
}
