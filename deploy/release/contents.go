package release

import (
	"bytes"
	"debug/buildinfo"
	"fmt"

	"github.com/CycloneDX/cyclonedx-go"
)

// Contents lists what is linked into a program (CycloneDX 1.6, JSON), from what the
// program itself says: each module with its version and where it comes from.
func (t Target) Contents(program string) ([]byte, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("contents of %s: %w", t.Program, err)
	}
	list := cyclonedx.NewBOM()
	list.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, BOMRef: t.Program, Name: t.Program, Version: t.Version,
		PackageURL: "pkg:golang/" + info.Main.Path + "@" + t.Version,
	}}
	parts := []cyclonedx.Component{module("stdlib", info.GoVersion)}
	for _, m := range info.Deps {
		if m.Replace != nil && m.Replace.Version != "" {
			m = m.Replace
		}
		parts = append(parts, module(m.Path, m.Version))
	}
	list.Components = &parts
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(list, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("contents of %s: %w", t.Program, err)
	}
	return text.Bytes(), nil
}

func module(path, version string) cyclonedx.Component {
	url := "pkg:golang/" + path + "@" + version
	return cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: url, Name: path, Version: version, PackageURL: url}
}
