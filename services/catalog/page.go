package catalog

// wholePage is how much of a list is asked for at a time when all is wanted.
const wholePage = 1000

// paged asks for one page, or for page after page until the list is whole.
func paged[T any](page Page, list func(Page) ([]T, string, error)) ([]T, string, error) {
	if page.Paged {
		return list(page)
	}
	all := []T{}
	page.Paged, page.Token, page.Size = true, "", wholePage
	for {
		part, next, err := list(page)
		if err != nil {
			return nil, "", err
		}
		all = append(all, part...)
		if next == "" {
			return all, "", nil
		}
		page.Token = next
	}
}
