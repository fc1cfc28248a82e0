package iceberg

func (c goldenCase) runView(file goldenFile) ([]byte, bool, error) {
	var base *ViewMetadata
	if c.Base != "" {
		var err error
		if base, err = ParseViewMetadata(file.Bases[c.Base]); err != nil {
			return nil, false, err
		}
	}
	if c.Op == "vroundtrip" {
		return base.Document(), true, nil
	}
	if c.Requirements != nil {
		requirements, err := DecodeViewRequirements(c.Requirements)
		if err != nil {
			return nil, false, err
		}
		if err := requirements.Check(base); err != nil {
			return nil, false, err
		}
	}
	updates, err := DecodeViewUpdates(c.Updates)
	if err != nil {
		return nil, false, err
	}
	next, err := updates.Apply(base, Application{Now: goldenNow})
	if err != nil {
		return nil, false, err
	}
	_, err = ParseViewMetadata(next.Document())
	return next.Document(), next != base, err
}
