// What Go's compiler and its run-time system make of ten programs: a subcommand for each, with an optional
// size. Each prints a checksum; guests/rust and guests/assemblyscript have the same programs and checksums.
package main

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"
)

// One step of a checksum over any words.
func mix(sum, word uint64) uint64 {
	sum = (sum ^ word) * 0x9e3779b97f4a7c15
	return sum ^ sum>>29
}

// The FNV-1a hash of text, so that checksums see every byte.
func hash(text string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(text); i++ {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	return h
}

// Random numbers, good enough for tests (xorshift64).
type random uint64

func (r *random) next() uint64 {
	x := uint64(*r)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = random(x)
	return x
}

//go:noinline
func fib(n int32) int32 {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

//go:noinline
func tak(x, y, z int32) int32 {
	if y >= x {
		return z
	}
	return tak(tak(x-1, y, z), tak(y-1, z, x), tak(z-1, x, y))
}

// A sum that no compiler knows a formula for.
func arith(n int) uint64 {
	sum := int64(0)
	for i := int64(0); i < int64(n); i++ {
		sum += i ^ sum>>1
	}
	return uint64(sum)
}

func sieve(n int) uint64 {
	composite := make([]bool, n)
	count, last := 0, 0
	for i := 2; i < n; i++ {
		if composite[i] {
			continue
		}
		count, last = count+1, i
		for j := i * i; j < n; j += i {
			composite[j] = true
		}
	}
	return uint64(count)*uint64(n) + uint64(last)
}

//go:noinline
func fibLoop(n int) uint64 {
	a, b := uint64(0), uint64(1)
	for range n {
		a, b = b, a+b
	}
	return a
}

func gcd(a, b uint32) uint32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func maps(n int) uint64 {
	r := random(88172645463325252)
	seen := map[uint64]uint64{}
	for range n {
		seen[r.next()&0xffff]++
	}
	sum := uint64(len(seen))
	for key, count := range seen {
		sum += key * count
	}
	for i := range n {
		sum += seen[uint64(i)*3]
	}
	return sum
}

func texts(n int) uint64 {
	var all strings.Builder
	for i := range n {
		if i > 0 {
			all.WriteByte(',')
		}
		all.WriteString(strconv.Itoa(i * i))
	}
	sum, found := uint64(0), 0
	for _, part := range strings.Split(all.String(), ",") {
		turned := []byte(part)
		slices.Reverse(turned)
		word := "<" + string(turned) + ">"
		if strings.Contains(word, "44") {
			found++
		}
		sum = mix(sum, hash(word))
	}
	return mix(sum, uint64(found))
}

func sorting(n int) uint64 {
	r := random(2463534242)
	values := make([]uint64, n)
	for i := range values {
		values[i] = r.next()
	}
	slices.Sort(values)
	sum := uint64(0)
	for i := 0; i < n; i += 97 {
		sum = mix(sum, values[i])
	}
	return sum
}

type item struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Tags  []string `json:"tags"`
	Score int64    `json:"score"`
}

func documents(n int) uint64 {
	items := make([]item, n)
	for i := range items {
		id := int64(i)
		items[i] = item{id, fmt.Sprint("item", i), []string{fmt.Sprint("a", i%7), fmt.Sprint("b", i%11)}, id*id%1009 - 500}
	}
	text, err := json.Marshal(items)
	if err != nil {
		panic(err)
	}
	var back []item
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	sum := hash(string(text))
	for _, item := range back {
		sum = mix(sum, uint64(item.ID+item.Score)+uint64(len(item.Name)))
		for _, tag := range item.Tags {
			sum = bits.RotateLeft64(sum, 7) ^ hash(tag)
		}
	}
	return sum
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: PROGRAM SIZE")
		os.Exit(2)
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	var sum uint64
	switch os.Args[1] {
	case "fib":
		sum = uint64(fib(int32(n)))
	case "tak":
		sum = uint64(tak(int32(n), int32(n*2/3), int32(n/3)))
	case "arith":
		sum = arith(n)
	case "sieve":
		sum = sieve(n)
	case "fib_loop":
		for i := range n {
			sum = mix(sum, fibLoop(25-i&1))
		}
	case "gcd":
		for i := 1; i <= n; i++ {
			for j := 1; j <= n; j++ {
				sum += uint64(gcd(uint32(i), uint32(j)))
			}
		}
	case "maps":
		sum = maps(n)
	case "strings":
		sum = texts(n)
	case "sorting":
		sum = sorting(n)
	case "json":
		sum = documents(n)
	default:
		fmt.Fprintln(os.Stderr, "no such program")
		os.Exit(2)
	}
	fmt.Printf("%016x\n", sum)
}
