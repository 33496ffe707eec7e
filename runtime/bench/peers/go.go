// Baselines in Go: go NAME ARGS…; prints figures separated by spaces. Each checks its own results.
package main

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func fail(what string) {
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

func number(i int) int {
	if i+2 >= len(os.Args) {
		fail("too few arguments")
	}
	f, err := strconv.ParseFloat(os.Args[i+2], 64)
	if err != nil {
		fail(err.Error())
	}
	return int(f)
}

func perOne(start time.Time, n int) float64 { return float64(time.Since(start).Nanoseconds()) / float64(n) }

// Goroutines of one OS thread yield to each other.
func yields() {
	threads := number(0)
	times := number(1) / threads
	runtime.GOMAXPROCS(1)
	var done sync.WaitGroup
	start := make(chan bool)
	total := 0
	for i := 0; i < threads; i++ {
		done.Add(1)
		go func() {
			<-start
			for k := 0; k < times; k++ {
				total++
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	runtime.Gosched()
	began := time.Now()
	close(start)
	done.Wait()
	if total != times*threads {
		fail("a turn is missing")
	}
	fmt.Println(perOne(began, total))
}

// A goroutine is made, runs, and its result is received.
func spawns() {
	n := number(0)
	runtime.GOMAXPROCS(1)
	result := make(chan int)
	began := time.Now()
	for i := 0; i < n; i++ {
		go func(i int) { result <- i }(i)
		if <-result != i {
			fail("a goroutine returned something else")
		}
	}
	fmt.Println(perOne(began, n))
}

// As many in flight at a time, on all processors.
func flights() {
	n, flight := number(0), number(1)
	result := make(chan int, flight)
	sum := 0
	began := time.Now()
	for i := 0; i < n; i += flight {
		for k := 0; k < flight; k++ {
			go func(i int) { result <- i }(k)
		}
		for k := 0; k < flight; k++ {
			sum += <-result
		}
	}
	if sum != n/flight*(flight*(flight-1)/2) {
		fail("a result is missing")
	}
	fmt.Println(perOne(began, n))
}

// A request over a channel to a goroutine of another OS thread, and its answer.
func calls() {
	n := number(0)
	ask, answer := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		for i := range ask {
			answer <- i + 1
		}
	}()
	runtime.LockOSThread()
	began := time.Now()
	for i := 0; i < n; i++ {
		ask <- i
		if <-answer != i+1 {
			fail("another answer")
		}
	}
	fmt.Println(perOne(began, n))
}

// Numbers one way over a buffered channel.
func streams() {
	n := number(0)
	to, sum := make(chan int, 256), make(chan int)
	go func() {
		total := 0
		for i := range to {
			total += i
		}
		sum <- total
	}()
	began := time.Now()
	for i := 0; i < n; i++ {
		to <- i
	}
	close(to)
	if <-sum != n*(n-1)/2 {
		fail("a number is missing")
	}
	fmt.Println(perOne(began, n))
}

var value int

func mutexes() {
	n := number(0)
	var lock sync.Mutex
	began := time.Now()
	for i := 0; i < n; i++ {
		lock.Lock()
		value++
		lock.Unlock()
	}
	if value != n {
		fail("a section is missing")
	}
	fmt.Println(perOne(began, n))
}

// Two goroutines take one mutex for sections of some 50 ns.
func fights() {
	ms := number(0)
	var lock sync.Mutex
	var stop int32
	var done sync.WaitGroup
	counts := [2][16]int{}
	began := time.Now()
	for i := 0; i < 2; i++ {
		done.Add(1)
		go func(i int) {
			for atomic.LoadInt32(&stop) == 0 {
				lock.Lock()
				for k := 0; k < 25; k++ {
					value++
				}
				lock.Unlock()
				counts[i][0]++
			}
			done.Done()
		}(i)
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	atomic.StoreInt32(&stop, 1)
	done.Wait()
	a, b := counts[0][0], counts[1][0]
	if value != 25*(a+b) {
		fail("two were in the section at once")
	}
	least, most := a, b
	if a > b {
		least, most = b, a
	}
	fmt.Println(perOne(began, a+b), float64(least)/float64(most))
}

// Two goroutines hand a turn to each other.
func handoffs() {
	n := number(0)
	there, back := make(chan int), make(chan int)
	go func() {
		for i := range there {
			back <- i
		}
	}()
	began := time.Now()
	for i := 0; i < n; i += 2 {
		there <- i
		if <-back != i {
			fail("another turn")
		}
	}
	fmt.Println(perOne(began, n))
}

// Bytes of a goroutine that waits.
func memory() {
	n := number(0)
	wait := make(chan bool)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := 0; i < n; i++ {
		go func() { <-wait }()
	}
	runtime.Gosched()
	runtime.GC()
	runtime.ReadMemStats(&after)
	close(wait)
	fmt.Println(float64(after.Sys-before.Sys) / float64(n))
}

// Runs `body` on so many goroutines that take numbers below `n` from a shared counter; milliseconds.
func dealt(threads, n int, body func(i int)) float64 {
	runtime.GOMAXPROCS(threads)
	var next int64
	var done sync.WaitGroup
	began := time.Now()
	for i := 0; i < threads; i++ {
		done.Add(1)
		go func() {
			for {
				i := int(atomic.AddInt64(&next, 1)) - 1
				if i >= n {
					break
				}
				body(i)
			}
			done.Done()
		}()
	}
	done.Wait()
	return float64(time.Since(began).Nanoseconds()) / 1e6
}

func mandelbrot() {
	threads, width, height, iterations := number(0), number(1), number(2), number(3)
	picture := make([]byte, width*height)
	ms := dealt(threads, height, func(y int) {
		ci := float64(2*y)/float64(height) - 1
		for x := 0; x < width; x++ {
			cr := float64(3*x)/float64(width) - 2
			zr, zi, i := 0.0, 0.0, 0
			// float64() keeps products from being fused: other pictures than JavaScript's.
			for ; i < iterations && float64(zr*zr)+float64(zi*zi) <= 4; i++ {
				to := float64(zr*zr) - float64(zi*zi) + cr
				zi = float64(float64(2*zr)*zi) + ci
				zr = to
			}
			picture[y*width+x] = byte(i)
		}
	})
	sum := 0
	for _, pixel := range picture {
		sum += int(pixel)
	}
	fmt.Println(ms, sum)
}

func files() {
	threads, folder, n := number(0), os.Args[3], number(2)
	var total int64
	ms := dealt(threads, n, func(i int) {
		bytes, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(i)+".txt"))
		if err != nil {
			fail(err.Error())
		}
		hash := sha1.Sum(bytes)
		words, inside := 0, false
		for _, b := range bytes {
			letter := b > 32
			if letter && !inside {
				words++
			}
			inside = letter
		}
		atomic.AddInt64(&total, int64(words+int(hash[0])))
	})
	fmt.Println(ms, total)
}

func main() {
	if len(os.Args) < 2 {
		fail("which one?")
	}
	all := map[string]func(){
		"switch": yields, "spawn": spawns, "flight": flights, "call": calls, "stream": streams, "mutex": mutexes,
		"contend": fights, "handoff": handoffs, "memory": memory, "mandelbrot": mandelbrot, "files": files,
	}
	run, found := all[os.Args[1]]
	if !found {
		fail("there is no " + os.Args[1])
	}
	run()
}
