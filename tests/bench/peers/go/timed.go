// SPDX-License-Identifier: BSL-1.0

// What Go's peers time themselves: goroutines, channels, sync.Mutex, timers. The workloads between two threads have one
// goroutine locked to each, for the scheduler would put both on one otherwise. Its semaphore is a channel of permits, which
// is the usual one.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func init() {
	known["switch"] = each(ring)
	known["spawn"] = each(spawnAndJoin)
	known["skynet"] = once(func(size int) {
		sum := make(chan int)
		go skynet(sum, 0, size)
		<-sum
	})
	known["sleepers"] = sleepers
	known["queue"] = each(queuePingPong)
	known["queue-threads"] = each(onTwoThreads(queuePingPong))
	known["mutex"] = each(mutexHandedOn)
	known["mutex-threads"] = each(onTwoThreads(mutexContended))
	known["semaphore"] = each(semaphoreHandedOn)
	known["semaphore-threads"] = each(onTwoThreads(semaphoreHandedOn))
	known["timer-cancel"] = each(timerCancelled)
	known["timer-expire"] = each(timerExpired)
}

// How long an operation done so often took, without preparations.
type repeated struct {
	spent      time.Duration
	operations int
}

func measuredNs(measure func(size, n int) repeated, wanted request) float64 {
	n := 64
	for measure(wanted.size, n).spent*4 < wanted.time {
		n *= 2
	}
	done := measure(wanted.size, n*3)
	return float64(done.spent) / float64(done.operations)
}

func each(measure func(size, n int) repeated) work {
	return func(wanted request) { fmt.Printf("ns=%.3f\n", measuredNs(measure, wanted)) }
}

// The same of what goes on in many places at a time: prints how many there are in a second.
func rate(measure func(size, n int) repeated) work {
	return func(wanted request) { fmt.Printf("per_second=%.1f\n", 1e9/measuredNs(measure, wanted)) }
}

func once(body func(size int)) work {
	return func(wanted request) {
		body(wanted.size/100 + 1)
		fmt.Printf("seconds=%.6f\n", timed(func() { body(wanted.size) }).Seconds())
	}
}

func timed(body func()) time.Duration {
	start := time.Now()
	body()
	return time.Since(start)
}

func cpuTime() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func ring(size, n int) repeated {
	laps := n/size + 1
	var all sync.WaitGroup
	var spent time.Duration
	for i := 0; i < size; i++ {
		all.Add(1)
		go func(first bool) {
			defer all.Done()
			runtime.Gosched()
			mine := timed(func() {
				for lap := 0; lap < laps; lap++ {
					runtime.Gosched()
				}
			})
			if first {
				spent = mine
			}
		}(i == 0)
	}
	all.Wait()
	return repeated{spent, laps * size}
}

func spawnAndJoin(_, n int) repeated {
	return repeated{timed(func() {
		var one sync.WaitGroup
		for i := 0; i < n; i++ {
			one.Add(1)
			go one.Done()
			one.Wait()
		}
	}), n}
}

func skynet(sum chan<- int, first, size int) {
	if size <= 1 {
		sum <- first
		return
	}
	children := make(chan int)
	for i := 0; i < 10; i++ {
		go skynet(children, first+i*(size/10), size/10)
	}
	total := 0
	for i := 0; i < 10; i++ {
		total += <-children
	}
	sum <- total
}

func fallAsleep(count int, moment time.Time) *sync.WaitGroup {
	all := new(sync.WaitGroup)
	all.Add(count)
	running := count
	for i := 0; i < count; i++ {
		go func() {
			running-- // there is one processor
			time.Sleep(time.Until(moment))
			all.Done()
		}()
	}
	for running > 0 {
		runtime.Gosched()
	}
	return all
}

func sleepers(wanted request) {
	margin := 300 * time.Millisecond
	if wanted.size > 100_000 {
		margin = 700 * time.Millisecond
	}
	patience, err := strconv.ParseFloat(wanted.named["patience"], 64)
	if err != nil {
		patience = 2
	}
	sample := wanted.size / 20
	if sample < 1000 {
		sample = 1000
	}
	fallAsleep(10, time.Now()).Wait()
	before := memoryBytes()
	begun := time.Now()
	some := fallAsleep(sample, begun.Add(margin))
	startOfSample := time.Since(begun)
	some.Wait()

	begun = time.Now()
	needed := float64(startOfSample) * patience * float64(wanted.size) / float64(sample)
	moment := begun.Add(margin + time.Duration(needed))
	all := fallAsleep(wanted.size, moment)
	asleepAt := time.Now()
	asleep := memoryBytes()
	if !time.Now().Before(moment) {
		fmt.Fprintln(os.Stderr, "some went on before all slept: the machine was busy")
		os.Exit(1)
	}
	all.Wait()
	wokenAt := time.Now()
	howMany := float64(wanted.size)
	fmt.Printf("bytes_each=%.1f resident_bytes_each=%.1f start_ns=%.1f wake_ns=%.1f\n",
		float64(asleep.resident+asleep.pageTables-before.resident-before.pageTables)/howMany,
		float64(asleep.resident-before.resident)/howMany, float64(asleepAt.Sub(begun))/howMany, float64(wokenAt.Sub(moment))/howMany)
}

type memory struct{ resident, pageTables int }

// What the process occupies, in bytes, without pages of files.
func memoryBytes() (now memory) {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "RssAnon: %d", &now.resident)
		fmt.Sscanf(line, "VmPTE: %d", &now.pageTables)
	}
	return memory{now.resident * 1024, now.pageTables * 1024}
}

func queuePingPong(_, n int) repeated {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		onItsThread()
		for i := 0; i < n; i++ {
			back <- <-there
		}
	}()
	return repeated{timed(func() {
		for i := 0; i < n; i++ {
			there <- i
			<-back
		}
	}), 2 * n}
}

func semaphoreHandedOn(_, n int) repeated {
	here, there := make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		onItsThread()
		for i := 0; i < n; i++ {
			<-there
			here <- struct{}{}
		}
	}()
	return repeated{timed(func() {
		for i := 0; i < n; i++ {
			there <- struct{}{}
			<-here
		}
	}), 2 * n}
}

var twoThreads = false

func onItsThread() {
	if twoThreads {
		runtime.LockOSThread()
	}
}

func onTwoThreads(measure func(size, n int) repeated) func(size, n int) repeated {
	return func(size, n int) repeated {
		runtime.GOMAXPROCS(2)
		twoThreads = true
		onItsThread()
		return measure(size, n)
	}
}

// What two goroutines do beside each other, n times in all.
func twice(body func(), n int) repeated {
	var both sync.WaitGroup
	run := func() {
		body()
		both.Done()
	}
	return repeated{timed(func() {
		both.Add(2)
		go run()
		go run()
		both.Wait()
	}), n}
}

func mutexHandedOn(_, n int) repeated {
	var lock sync.Mutex
	contend := func() {
		for i := 0; i < n/2; i++ {
			lock.Lock()
			runtime.Gosched()
			lock.Unlock()
		}
	}
	return twice(contend, n)
}

// The compute() of ../peer.h.
//
//go:noinline
func generate(state *uint64) {
	now := *state
	for i := 0; i < 200; i++ {
		now = now*6364136223846793005 + 1442695040888963407
	}
	*state = now
}

func mutexContended(_, n int) repeated {
	var lock sync.Mutex
	var state uint64
	contend := func() {
		onItsThread()
		var own uint64
		for i := 0; i < n/2; i++ {
			lock.Lock()
			generate(&state)
			lock.Unlock()
			generate(&own)
		}
	}
	return twice(contend, n)
}

// The deadlines of ../peer.h.
func farAway(i int) time.Duration { return time.Duration(60_000+i*7919%3_600_000) * time.Millisecond }
func soon(i int) time.Duration    { return time.Duration(i*7919%10_000) * time.Microsecond }

func timerCancelled(size, n int) repeated {
	others := []*time.Timer{}
	for i := 0; i < size; i++ {
		others = append(others, time.AfterFunc(farAway(i), func() {}))
	}
	spent := timed(func() {
		for i := 0; i < n; i++ {
			time.AfterFunc(farAway(i), func() {}).Stop()
		}
	})
	for _, one := range others {
		one.Stop()
	}
	return repeated{spent, n}
}

func timerExpired(_, n int) repeated {
	start := cpuTime()
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		time.AfterFunc(soon(i), all.Done)
	}
	all.Wait()
	return repeated{cpuTime() - start, n}
}
