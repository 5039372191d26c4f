package attack

import "encoding/json"

// Mark is what a layer says of a technique.
type Mark struct {
	ID      string
	Tactic  string // slug; "" = in every column
	Score   int
	Comment string
	Off     bool // not covered
	Rules   []string
}

// layer is a layer of the ATT&CK Navigator, format 4.5.
type layer struct {
	Name        string            `json:"name"`
	Versions    map[string]string `json:"versions"`
	Domain      string            `json:"domain"`
	Description string            `json:"description"`
	Sorting     int               `json:"sorting"`
	Layout      map[string]any    `json:"layout"`
	Hide        bool              `json:"hideDisabled"`
	Techniques  []technique       `json:"techniques"`
	Gradient    gradient          `json:"gradient"`
	Legend      []legend          `json:"legendItems"`
	Select      bool              `json:"selectTechniquesAcrossTactics"`
	SelectSubs  bool              `json:"selectSubtechniquesWithParent"`
}

type technique struct {
	ID       string     `json:"techniqueID"`
	Tactic   string     `json:"tactic,omitempty"`
	Score    int        `json:"score"`
	Color    string     `json:"color"`
	Comment  string     `json:"comment"`
	Enabled  bool       `json:"enabled"`
	Metadata []metadata `json:"metadata"`
	Show     bool       `json:"showSubtechniques"`
}

type metadata struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type gradient struct {
	Colors []string `json:"colors"`
	Min    int      `json:"minValue"`
	Max    int      `json:"maxValue"`
}

type legend struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

// Layer is a layer for the ATT&CK Navigator.
func Layer(name, about string, d Domain, marks []Mark) ([]byte, error) {
	l := layer{Name: name, Versions: map[string]string{"navigator": "5.1.0", "layer": "4.5"}, Domain: string(d) + "-attack", Description: about,
		Layout: map[string]any{"layout": "side", "showID": true, "showName": true}, Techniques: []technique{},
		Gradient: gradient{Colors: []string{"#ffffff", "#66b1ff"}, Min: 0, Max: 1},
		Legend:   []legend{{"covered", "#2f9e44"}, {"not covered", "#e8590c"}}, SelectSubs: false, Select: true}
	most := 1
	for _, m := range marks {
		most = max(most, m.Score)
		t := technique{ID: m.ID, Tactic: m.Tactic, Score: m.Score, Comment: m.Comment, Enabled: true, Metadata: []metadata{}, Color: "#2f9e44"}
		if m.Off {
			t.Color = "#e8590c"
		}
		for _, r := range m.Rules {
			t.Metadata = append(t.Metadata, metadata{"rule", r})
		}
		l.Techniques = append(l.Techniques, t)
	}
	l.Gradient.Max = most
	return json.MarshalIndent(l, "", " ")
}
