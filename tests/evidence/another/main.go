// The signed notes and the log of the Go project, which defined them, asked one line of JSON at a time.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Do    string
	Key   string
	Text  string
	Proof []tlog.Hash
	Size  int64
	Root  tlog.Hash
	At    int64
	Hash  tlog.Hash
}

type answer struct {
	Key, Note, Text string
	Problem         string
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked question
		said, err := answer{}, json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			said, err = reply(asked)
		}
		if err != nil {
			said.Problem = err.Error()
		}
		written, _ := json.Marshal(said)
		fmt.Println(string(written))
	}
}

func reply(asked question) (answer, error) {
	switch asked.Do {
	case "open":
		verifier, err := note.NewVerifier(asked.Key)
		if err != nil {
			return answer{}, err
		}
		opened, err := note.Open([]byte(asked.Text), note.VerifierList(verifier))
		if err != nil {
			return answer{}, err
		}
		return answer{Text: opened.Text}, nil
	case "sign":
		secret, key, err := note.GenerateKey(rand.Reader, asked.Key)
		if err != nil {
			return answer{}, err
		}
		signer, err := note.NewSigner(secret)
		if err != nil {
			return answer{}, err
		}
		signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
		return answer{Key: key, Note: string(signed)}, err
	case "included":
		return answer{}, tlog.CheckRecord(asked.Proof, asked.Size, asked.Root, asked.At, asked.Hash)
	case "grown":
		return answer{}, tlog.CheckTree(asked.Proof, asked.Size, asked.Root, asked.At, asked.Hash)
	}
	return answer{}, fmt.Errorf("what is %q?", asked.Do)
}
