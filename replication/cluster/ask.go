package cluster

import (
	"context"
	"errors"
	"fmt"
)

// answerBytesMax bounds an answer: it shares its connection with commits.
const answerBytesMax = 1 << 20

// AskArgs is a question.
type AskArgs struct{ Question []byte }

// AskReply is its answer.
type AskReply struct{ Answer []byte }

// Ask answers another node.
func (m *Methods) Ask(a *AskArgs, r *AskReply) (err error) {
	if m.cluster.options.Answer == nil {
		return errors.New("this node answers no questions")
	}
	ctx, cancel := context.WithTimeout(context.Background(), callingTimeout)
	defer cancel()
	if r.Answer, err = m.cluster.options.Answer(ctx, a.Question); err == nil && len(r.Answer) > answerBytesMax {
		r.Answer, err = nil, fmt.Errorf("the answer has %d bytes, at most %d are sent between nodes", len(r.Answer), answerBytesMax)
	}
	return err
}

// Ask asks a node, which is not this one.
func (c *Cluster) Ask(ctx context.Context, node string, question []byte) ([]byte, error) {
	known, err := c.info(node)
	if err != nil {
		return nil, err
	}
	if known.Raft == "" {
		return nil, errAwaited
	}
	var r AskReply
	err = c.caller.Call(ctx, known.Raft, service+".Ask", &AskArgs{question}, &r)
	return r.Answer, err
}

// Others lists the other nodes, by the database.
func (c *Cluster) Others() (names []string, err error) {
	known, err := c.options.Registry.Nodes()
	for i := range known {
		if known[i].ID != c.options.ID {
			names = append(names, known[i].ID)
		}
	}
	return names, err
}
