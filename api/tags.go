package api

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"
)

// newValidator makes the checker of the `validate` tags that the contract puts on request structs, for what a JSON
// Schema cannot say.
func newValidator() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	err := v.RegisterValidation("notblank", func(fl validator.FieldLevel) bool {
		return strings.TrimSpace(fl.Field().String()) != ""
	})
	if err != nil {
		return nil, fmt.Errorf("register validator: %w", err)
	}
	return v, nil
}

// checkTags runs the validator over the body of every request that has one.
func (s *Server) checkTags(next StrictHandlerFunc, _ string) StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		body := reflect.ValueOf(request).FieldByName("Body")
		if !body.IsValid() || body.Kind() != reflect.Pointer || body.IsNil() {
			return next(c, request)
		}
		if err := s.validator.StructCtx(c.Request().Context(), body.Interface()); err != nil {
			return nil, tagFailure(err)
		}
		return next(c, request)
	}
}

func tagFailure(err error) error {
	found, ok := err.(validator.ValidationErrors) //nolint:errorlint // the validator answers it unwrapped
	if !ok {
		return &failure{code: codeInternal, cause: err}
	}
	f := &failure{code: codeInvalid}
	for _, e := range found {
		_, field, _ := strings.Cut(e.Namespace(), ".")
		f.fields = append(f.fields, fieldFailure{field, e.Tag(), tagWording(e.Tag(), e.Param())})
	}
	return f
}

func tagWording(tag, param string) Text {
	switch tag {
	case "notblank", "required":
		return Text{Zh: "不能为空白", En: "must not be blank"}
	case "max":
		return Text{Zh: "最多 " + param + " 个字符", En: "must have at most " + param + " characters"}
	}
	return Text{Zh: "不符合要求", En: "is not acceptable"}
}
