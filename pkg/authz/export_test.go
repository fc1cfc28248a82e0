package authz

// Followed is how many warehouses' grants are kept.
func (f *Follower) Followed() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.followed)
}
