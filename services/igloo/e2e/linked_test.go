package e2e_test

import (
	"debug/elf"
	"errors"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestProgramsAreLinkedWithWhatIsCalled: the linker leaves out methods that nobody
// calls, unless something in the program asks for methods by names that are known
// only as it runs. Then it also has this one, which nobody calls. The linker tells
// what asks: go build -ldflags=-dumpdep, for "<ReflectMethod>".
func TestProgramsAreLinkedWithWhatIsCalled(t *testing.T) {
	const uncalled = "reflect.Value.Methods"
	for _, name := range []string{"igloo", "catalog", "housetable"} {
		program, err := elf.Open(iglootest.Program(t, name))
		if format := (*elf.FormatError)(nil); errors.As(err, &format) {
			t.Skip("needs ELF")
		}
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := program.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range symbols {
			if s.Name == uncalled {
				t.Errorf("%s is linked with methods that nobody calls, such as %s", name, uncalled)
			}
		}
		_ = program.Close()
	}
}
