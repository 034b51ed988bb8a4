package acceptance

import (
	"time"

	"gorm.io/gorm"
)

// The models of a small application. gormProduct is what its first version has.
type (
	gormUser struct {
		gorm.Model
		Name      string `gorm:"size:60;not null;uniqueIndex"`
		Email     *string
		Age       uint8      `gorm:"default:18;check:age > 0"`
		Born      *time.Time `gorm:"type:date"`
		Active    bool       `gorm:"not null;default:true"`
		Rating    float64
		Settings  map[string]any `gorm:"serializer:json;type:json"`
		Orders    []gormOrder    `gorm:"foreignKey:UserID;constraint:OnDelete:CASCADE"`
		Profile   *gormProfile   `gorm:"foreignKey:UserID"`
		Languages []gormLanguage `gorm:"many2many:speaks"`
		ManagerID *uint
		Manager   *gormUser
	}
	gormProfile struct {
		ID     uint
		UserID uint `gorm:"uniqueIndex"`
		Text   string
		Photo  []byte
	}
	gormLanguage struct {
		Code string `gorm:"primaryKey;size:5"`
		Name string
	}
	gormOrder struct {
		ID        uint64
		UserID    uint            `gorm:"index:by_user_state,priority:1"`
		State     string          `gorm:"type:enum('open','paid');default:'open';index:by_user_state,priority:2"`
		Total     string          `gorm:"type:decimal(12,2);not null"`
		Lines     []gormOrderLine `gorm:"foreignKey:OrderID;constraint:OnDelete:CASCADE"`
		CreatedAt time.Time
	}
	gormOrderLine struct {
		OrderID uint64 `gorm:"primaryKey"`
		Number  int    `gorm:"primaryKey;autoIncrement:false"`
		Item    string `gorm:"size:100;comment:what was bought"`
		Count   int64
	}
	gormProduct struct {
		ID    uint
		Code  string `gorm:"size:20;index"`
		Price uint
	}
	gormProduct2 struct {
		ID     uint
		Code   string  `gorm:"size:40;uniqueIndex:code_unique"` // longer, and with another index
		Price  float64 `gorm:"type:decimal(10,2);not null"`
		Weight *float32
		Note   string `gorm:"type:text"`
		Made   time.Time
	}
)

func (gormUser) TableName() string      { return "users" }
func (gormProfile) TableName() string   { return "profiles" }
func (gormLanguage) TableName() string  { return "languages" }
func (gormOrder) TableName() string     { return "orders" }
func (gormOrderLine) TableName() string { return "order_lines" }
func (gormProduct) TableName() string   { return "products" }
func (gormProduct2) TableName() string  { return "products" }

var gormModels = []any{&gormUser{}, &gormProfile{}, &gormLanguage{}, &gormOrder{}, &gormOrderLine{}, &gormProduct{}}
