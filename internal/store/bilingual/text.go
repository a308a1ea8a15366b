package bilingual

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// Text is a name or a message in the two languages of the product, stored as JSON {"zh": …, "en": …}.
type Text struct {
	Zh string `json:"zh,omitempty"`
	En string `json:"en,omitempty"`
}

// In returns the text in lang ("zh" or "en"), or the other language when that one is empty.
func (t Text) In(lang string) string {
	if (lang == "en" && t.En != "") || t.Zh == "" {
		return t.En
	}
	return t.Zh
}

// Value is the stored form; database/sql and pgx call it.
func (t Text) Value() (driver.Value, error) {
	bytes, err := json.Marshal(t)
	return string(bytes), err
}

// Scan reads the stored form; database/sql and pgx call it. It returns an error when the column does not hold such JSON.
func (t *Text) Scan(src any) error {
	*t = Text{}
	switch value := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(value), t)
	case []byte:
		return json.Unmarshal(value, t)
	}
	return fmt.Errorf("a text in two languages cannot be read from %T", src)
}
