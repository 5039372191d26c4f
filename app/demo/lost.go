package demo

// Lost is somebody who called the help desk since nothing lets him in.
type Lost struct {
	Person string
	Hours  int // ago
}

// LostOnes returns two people of Works 3.
func LostOnes(seed uint64) (out []Lost) {
	for _, e := range Staff(seed) {
		if e.Unit == "works-himeji" && e.Passkey && len(out) < 2 {
			out = append(out, Lost{e.ID, 2 + 5*len(out)})
		}
	}
	return out
}
