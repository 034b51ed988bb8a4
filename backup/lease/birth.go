package lease

// Birth says which process a holder is, to others of the same boot of the same machine who see the same processes: they can find out
// at once that it is gone. It is zero where the system does not tell.
type Birth struct {
	Boot      string `json:"boot"`      // of the machine: no two are the same
	Namespace string `json:"namespace"` // in which the process has its number, and its clock
	Start     uint64 `json:"start"`     // when the process began, in ticks since the boot: a number is used again, but not at the same time
}

// gone tells whether the holder's process is certainly no more, as seen by another one. False says nothing.
func (h *Holder) gone(observer *Holder) bool {
	b, o := h.Birth, observer.Birth
	if b == (Birth{}) || h.Host != observer.Host || b.Boot != o.Boot || b.Namespace != o.Namespace {
		return false // the number is of another machine or container, and means nothing here
	}
	return !lives(h.PID, b.Start)
}
