package identity

// Cheap makes passwords cost nothing: one is right, and all others wrong.
func (s *Service) Cheap(right string) {
	s.work = work{
		check: func(_, given string) (bool, bool, error) { return given == right, false, nil },
		spend: func(string) error { return nil },
	}
}
