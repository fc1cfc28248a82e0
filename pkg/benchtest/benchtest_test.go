package benchtest_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

func TestShow(t *testing.T) {
	f := benchtest.Finding{What: "a", Against: "b", Unit: "µs", Reach: benchtest.AtMost(1.15)}
	for _, turn := range [][2]float64{{110, 100}, {240, 200}, {10, 10}} {
		f.Add(turn[0], turn[1])
	}
	missed := f
	missed.Reach = benchtest.AtLeast(2)
	var out strings.Builder
	if err := benchtest.Show(&out, []benchtest.Finding{f, missed}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| a: 110 µs | b: 100 µs | 1.10  | <= 1.15 | met |", "| >= 2    | missed |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestCPUGrows(t *testing.T) {
	before, err := benchtest.FamilyCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); ; {
		now, err := benchtest.CPU(os.Getpid())
		if err != nil || time.Now().After(limit) {
			t.Fatalf("%s after %s: %v", now, before, err)
		}
		if now > before {
			return
		}
	}
}

// What is kept reads as it was.
func TestReachIsKept(t *testing.T) {
	for _, f := range []benchtest.Finding{{What: "a"}, {What: "b", Reach: benchtest.AtMost(0.25)}, {What: "c", Reach: benchtest.AtLeast(6)}} {
		f.Add(1, 3)
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var again benchtest.Finding
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, f) {
			t.Errorf("%+v reads %+v, %v", f, again, err)
		}
	}
	var r benchtest.Reach
	if err := r.UnmarshalText([]byte("about 3")); err == nil {
		t.Errorf("%s is a reach", r)
	}
}

func TestResident(t *testing.T) {
	if got, err := benchtest.Resident(os.Getpid()); err != nil || got < 1<<20 {
		t.Errorf("%d bytes, %v", got, err)
	}
}
