package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound"
)

const (
	soundRate = 44100
	soundLong = 60 // seconds
)

// soundAttack is what is done to a marked file by ffmpeg: arguments of the output, or of the file between, which is decoded again.
type soundAttack struct {
	name string
	args []string
	end  string // of the file between; empty where there is none
	wide bool
}

func soundAttacks() []soundAttack {
	filter := func(name, f string) soundAttack { return soundAttack{name: name, args: []string{"-af", f}} }
	coded := func(name, end string, args ...string) soundAttack {
		return soundAttack{name: name, end: end, args: args}
	}
	list := []soundAttack{{name: "none"},
		coded("MP3 128k", "mp3", "-b:a", "128k"), coded("MP3 64k", "mp3", "-b:a", "64k"), coded("MP3 48k", "mp3", "-b:a", "48k"),
		coded("Vorbis q3", "ogg", "-c:a", "libvorbis", "-q:a", "3"), coded("AAC 96k", "m4a", "-b:a", "96k"), coded("AAC 48k", "m4a", "-b:a", "48k"),
		coded("Opus 64k", "opus", "-b:a", "64k"), coded("Opus 32k", "opus", "-b:a", "32k"), coded("Opus 24k", "opus", "-b:a", "24k"),
		coded("16 kHz", "wav", "-ar", "16000"), coded("8 kHz", "wav", "-ar", "8000"), coded("one channel", "wav", "-ac", "1"),
		filter("−12 dB", "volume=-12dB"), filter("low-pass 4 kHz", "lowpass=f=4000"), filter("high-pass 1 kHz", "highpass=f=1000"),
		filter("equaliser ±6 dB", "equalizer=f=1500:t=q:w=1:g=6,equalizer=f=3000:t=q:w=1:g=-6"),
		filter("compressor 4:1", "acompressor=threshold=0.1:ratio=4:attack=5:release=50"), filter("echo 60 ms", "aecho=0.8:0.6:60:0.4"),
	}
	for _, d := range []string{"30", "15", "10", "5"} {
		list = append(list, soundAttack{name: d + " s of it", args: []string{"-ss", "13.37", "-t", d}})
	}
	list = append(list, coded("10 s, MP3 64k", "mp3", "-ss", "13.37", "-t", "10", "-b:a", "64k"))
	for _, f := range []float64{0.95, 0.98, 1.02, 1.05} {
		for _, a := range []soundAttack{filter("tempo", fmt.Sprintf("atempo=%v", f)), filter("pitch", fmt.Sprintf("asetrate=44100*%v,aresample=44100,atempo=1/%v", f, f)),
			filter("speed", fmt.Sprintf("asetrate=44100*%v,aresample=44100", f))} {
			a.name, a.wide = fmt.Sprintf("%s %v", a.name, f), true
			list = append(list, a)
		}
	}
	return list
}

// watermarkSound counts how often the mark of sound is found after each attack, beside audiowmark where it is installed.
func (b *bench) watermarkSound() error {
	dir := filepath.Join(b.scratch, "sound")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files, err := soundFiles(dir)
	if err != nil {
		return err
	}
	peer, _ := exec.LookPath("audiowmark")
	key, attacks := watermark.Key{1, 2, 3}, soundAttacks()
	own, other := make([]int, len(attacks)), make([]int, len(attacks))
	var wrong int
	var lowest, loudest, marking, reading float64 = math.Inf(1), math.Inf(-1), 0, 0
	for i, path := range files {
		payload := []byte{0xC0, 0x10, 3, byte(i), 7, 11, 13, byte(31 * i)}
		samples, err := soundOf(path)
		if err != nil {
			return err
		}
		e, err := sound.NewEmbedder(key, payload, soundRate, 2, 0)
		if err != nil {
			return err
		}
		begun := time.Now()
		marked := e.Close(e.Add(nil, samples))
		marking += time.Since(begun).Seconds()
		lowest, loudest = min(lowest, e.Distance().SNR), max(loudest, e.Distance().NMR)
		made := filepath.Join(dir, fmt.Sprintf("marked-%d.wav", i))
		if err := soundWrite(made, marked); err != nil {
			return err
		}
		theirs, message := filepath.Join(dir, fmt.Sprintf("peer-%d.wav", i)), hex.EncodeToString(append(payload, payload...))
		if peer != "" {
			if out, err := exec.Command(peer, "add", "-q", path, theirs, message).CombinedOutput(); err != nil {
				return fmt.Errorf("audiowmark: %w: %s", err, out)
			}
		}
		var lock sync.Mutex
		var wait sync.WaitGroup
		slots, errs := make(chan bool, 2), make([]error, len(attacks))
		for n, a := range attacks {
			wait.Go(func() {
				slots <- true
				defer func() { <-slots }()
				errs[n] = func() error {
					s, err := a.do(dir, made, n)
					if err != nil {
						return err
					}
					begun := time.Now()
					found, err := soundFound(key, s, a.wide)
					if err != nil {
						return err
					}
					took := time.Since(begun).Seconds()
					lock.Lock()
					defer lock.Unlock()
					if a.name == "none" {
						reading += took
					}
					if bytes.Equal(found, payload) {
						own[n]++
					} else if found != nil {
						wrong++
					}
					return nil
				}()
				if errs[n] == nil && peer != "" {
					ok, err := a.peer(dir, theirs, peer, message, n)
					errs[n] = err
					lock.Lock()
					defer lock.Unlock()
					if ok {
						other[n]++
					}
				}
			})
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
		}
	}
	all := float64(len(files) * soundLong)
	fmt.Printf("### Watermark of sound: exact payloads of 64 bits after attacks, %d files of %d s, mark at least %.1f dB below the sound and at most %.1f dB beside what is masked\n\n",
		len(files), soundLong, lowest, loudest)
	fmt.Print("| attack | Colophon |")
	if peer != "" {
		fmt.Print(" audiowmark, 128 bits |")
	}
	fmt.Print("\n| --- | --- |", strings.Repeat(" --- |", min(1, len(peer))), "\n")
	for n, a := range attacks {
		fmt.Printf("| %s | %d/%d |", a.name, own[n], len(files))
		if peer != "" {
			fmt.Printf(" %d/%d |", other[n], len(files))
		}
		fmt.Println()
	}
	fmt.Printf("\nMarking runs at %.0f× real time on one processor, reading without the search at %.0f× (two at a time); %d wrong payloads.", all/marking, all/reading, wrong)
	if peer == "" {
		fmt.Print(" audiowmark is not installed.")
	}
	fmt.Print("\n\n")
	return nil
}

// through runs the attack and returns the path of what it leaves.
func (a soundAttack) through(dir, path, name string) (string, error) {
	out := filepath.Join(dir, name+".wav")
	if a.end == "" {
		_, err := command("ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-y", "-i", path}, a.args...), "-c:a", "pcm_s16le", out)...)
		return out, err
	}
	between := filepath.Join(dir, name+".between."+a.end)
	defer os.Remove(between)
	if _, err := command("ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-y", "-i", path}, a.args...), between)...); err != nil {
		return "", err
	}
	_, err := command("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", between, "-ar", fmt.Sprint(soundRate), "-c:a", "pcm_s16le", out)
	return out, err
}

func (a soundAttack) do(dir, path string, n int) ([]float32, error) {
	out, err := a.through(dir, path, fmt.Sprintf("attack-%d", n))
	if err != nil {
		return nil, err
	}
	defer os.Remove(out)
	return soundOf(out)
}

// peer attacks the peer's file, and asks the peer.
func (a soundAttack) peer(dir, path, program, message string, n int) (bool, error) {
	out, err := a.through(dir, path, fmt.Sprintf("peer-attack-%d", n))
	if err != nil {
		return false, err
	}
	defer os.Remove(out)
	args := []string{"get", out}
	if a.wide {
		args = append(args, "--detect-speed")
	}
	said, _ := exec.Command(program, args...).Output() // it ends with 1 where it finds nothing
	return strings.Contains(string(said), message), nil
}

func soundFound(key watermark.Key, s []float32, wide bool) ([]byte, error) {
	r, err := sound.NewReader(key, soundRate, 2, sound.Search{Lengths: []int{8}, Wide: wide})
	if err != nil {
		return nil, err
	}
	r.Add(s)
	if found := r.Close(); len(found) > 0 {
		return found[0].Payload, nil
	}
	return nil, nil
}

// soundOf decodes a file to two channels.
func soundOf(path string) ([]float32, error) {
	raw, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-f", "f32le", "-ac", "2", "-ar", fmt.Sprint(soundRate), "-").Output()
	if err != nil {
		return nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	list := make([]float32, len(raw)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return list, nil
}

func soundWrite(path string, samples []float32) error {
	raw := make([]byte, 0, 4*len(samples))
	for _, v := range samples {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	cmd := exec.Command("ffmpeg", "-v", "error", "-y", "-f", "f32le", "-ar", fmt.Sprint(soundRate), "-ac", "2", "-i", "-", "-c:a", "pcm_s16le", path)
	cmd.Stdin = bytes.NewReader(raw)
	return cmd.Run()
}

// soundFiles makes voices with espeak-ng, music with fluidsynth, and noise; what is not installed is left out, and said.
func soundFiles(dir string) ([]string, error) {
	var list []string
	add := func(name string, args ...string) error {
		path := filepath.Join(dir, name+".wav")
		_, err := command("ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-y"}, args...), "-t", fmt.Sprint(soundLong), "-ar", fmt.Sprint(soundRate), "-ac", "2", "-af",
			"dynaudnorm=p=0.8:m=2,alimiter=limit=0.8", path)...)
		list = append(list, path)
		return err
	}
	if err := add("noise", "-f", "lavfi", "-i", "anoisesrc=color=brown:seed=3:amplitude=0.5"); err != nil {
		return nil, err
	}
	for i, voice := range []string{"en-us", "cmn"} {
		raw := filepath.Join(dir, voice+".raw.wav")
		text := []string{"A mark in sound carries a number through all that is done with a file. It must outlive coding, cutting and other rates, but nobody should hear it. ",
			"声音里的标识在文件被处理之后仍然存在。它要经得起编码、剪切和重采样，但是谁也不应该听见它。"}[i]
		if _, err := command("espeak-ng", "-v", voice, "-w", raw, strings.Repeat(text, 14)); err != nil {
			fmt.Fprintln(os.Stderr, "no voices:", err)
			break
		}
		if err := add(voice, "-i", raw); err != nil {
			return nil, err
		}
	}
	for i := range 3 {
		score, raw := filepath.Join(dir, fmt.Sprintf("%d.mid", i)), filepath.Join(dir, fmt.Sprintf("%d.raw.wav", i))
		if err := os.WriteFile(score, soundScore(uint64(i)), 0o644); err != nil {
			return nil, err
		}
		if _, err := command("fluidsynth", "-ni", "-g", "0.6", "-F", raw, "-r", fmt.Sprint(soundRate), "/usr/share/sounds/sf2/TimGM6mb.sf2", score); err != nil {
			fmt.Fprintln(os.Stderr, "no music:", err)
			break
		}
		if err := add(fmt.Sprintf("music-%d", i), "-i", raw); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// soundScore is a piece for five instruments made up by chance, as a MIDI file: two bars of 960 ticks a second, one chord each.
func soundScore(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	track := []byte{}
	for c, p := range [][]byte{{0, 33, 48, 25}, {4, 32, 50, 61}, {24, 34, 52, 73}}[seed%3] {
		track = append(track, 0, 0xC0|byte(c), p)
	}
	scale := []int{0, 2, 4, 5, 7, 9, 11}
	pitch := func(n int) byte { return byte(48 + scale[n%7] + n/7*12) }
	var sounding [][2]byte
	for eighth := range (soundLong + 2) * 4 {
		root := int(seed) + eighth/8*3%7
		strike := func(channel, note byte, force int) {
			track = append(track, 0, 0x90|channel, note, byte(force))
			sounding = append(sounding, [2]byte{channel, note})
		}
		strike(9, 42, 45+r.IntN(30))
		if eighth%4 == 0 {
			strike(9, []byte{36, 38}[eighth/4%2], 98)
			strike(1, pitch(root%7)-12, 70+r.IntN(25))
		}
		for _, d := range []int{0, 2, 4} {
			strike(2, pitch(root%7+d), 50+r.IntN(20))
		}
		if r.IntN(10) < 8 {
			strike(0, pitch(7+r.IntN(9)), 60+r.IntN(45))
		}
		if r.IntN(10) < 6 {
			strike(3, pitch(root%7+r.IntN(7)), 45+r.IntN(35))
		}
		for i, s := range sounding {
			wait := []byte{0}
			if i == 0 {
				wait = []byte{0x81, 0x70} // 240 ticks: a quarter of a second at 120 beats a minute and 480 ticks a beat
			}
			track = append(append(track, wait...), 0x80|s[0], s[1], 0)
		}
		sounding = sounding[:0]
	}
	track = append(track, 0, 0xFF, 0x2F, 0)
	return append(append([]byte("MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk"), binary.BigEndian.AppendUint32(nil, uint32(len(track)))...), track...)
}
