package rpc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Bounds of counted pages.
const (
	defaultUserPageSize = 50
	// maxUserPageSize is as much as a query without pages may return.
	maxUserPageSize = maxUnpaged
	// maxUserOffset bounds what is read only to be passed over; page tokens go further.
	maxUserOffset = 1_000_000
)

// pageRequest is what all requests for a counted page have.
type pageRequest interface {
	GetPage() int32
	GetSize() int32
	GetSortBy() string
	GetPageToken() string
}

// userPage is a page as OpenHouse counts it. With a token it continues the page
// that the token came with, and total is what was counted for the first.
type userPage struct {
	list   string
	number int32
	size   int32
	order  housetable.Order
	after  string
	total  int64
	// counted is set when total is known.
	counted bool
}

// readUserPage checks a request for a page of a list; orders are the names it
// may be sorted by. Without a size the default holds.
func readUserPage(r pageRequest, sized bool, list string, orders map[string]housetable.Order) (userPage, error) {
	p := userPage{list: list, number: r.GetPage(), size: defaultUserPageSize}
	if sized {
		p.size = r.GetSize()
	}
	if err := checkUserPageSize(p.size); err != nil {
		return p, err
	}
	switch {
	case p.number < 0:
		return p, fault.Field("page", "must not be negative")
	case p.offset() > maxUserOffset:
		return p, fault.Field("page", "begins beyond element %d: continue with pageToken instead", maxUserOffset)
	}
	if r.GetSortBy() != "" {
		order, ok := orders[r.GetSortBy()]
		if !ok {
			return p, fault.Field("sortBy", "%q is not one of the fields to sort by", r.GetSortBy())
		}
		p.order = order
	}
	return p, p.readToken(r.GetPageToken())
}

func (p *userPage) readToken(token string) error {
	if token == "" {
		return nil
	}
	if p.order != housetable.ByKey {
		return fault.Field("pageToken", "continues lists in the order of their ids alone")
	}
	page, err := readPage(p.list, 0, token)
	if err != nil {
		return err
	}
	parts := strings.SplitN(page.After, " ", 3)
	if len(parts) != 3 {
		return fault.Field("pageToken", "is not a token of this list")
	}
	number, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return fault.Field("pageToken", "is not a token of this list")
	}
	if p.total, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return fault.Field("pageToken", "is not a token of this list")
	}
	p.number, p.after, p.counted = int32(number), parts[2], true
	return nil
}

func (p *userPage) offset() int64 { return int64(p.number) * int64(p.size) }

// skip is how many entries come before the page that the cursor does not know of.
func (p *userPage) skip() int {
	if p.after != "" {
		return 0
	}
	return int(p.offset())
}

func (p *userPage) part() housetable.Page { return housetable.Page{After: p.after, Limit: int(p.size)} }

// count asks for the total unless the token brought it.
func (p *userPage) count(count func() (int64, error)) (err error) {
	if !p.counted {
		p.total, err = count()
	}
	return err
}

// response is the page in OpenHouse's words. Its totals are those at the time of
// the count, which writers may have changed since.
func (p *userPage) response(content []*htsv1.UserTable, next string) *htsv1.UserTablePage {
	sort := &htsv1.Sort{Sorted: true}
	if next != "" && p.order == housetable.ByKey {
		next = pageToken(p.list, fmt.Sprintf("%d %d %s", p.number+1, p.total, next))
	} else if p.order != housetable.ByKey {
		next = ""
	}
	return &htsv1.UserTablePage{
		Content:    content,
		Pageable:   &htsv1.Pageable{Sort: sort, PageNumber: p.number, PageSize: p.size, Offset: p.offset(), Paged: true},
		TotalPages: int32((p.total + int64(p.size) - 1) / int64(p.size)), TotalElements: p.total,
		Last: p.offset()+int64(p.size) >= p.total, Size: p.size, Number: p.number, Sort: sort,
		NumberOfElements: int32(len(content)), First: p.number == 0, Empty: len(content) == 0, NextPageToken: next,
	}
}
