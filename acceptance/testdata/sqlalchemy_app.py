"""What an application with SQLAlchemy does. Argument: port. Prints what it sees, which another server must print, too."""
import datetime
import decimal
import enum
import sys

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

PORT = int(sys.argv[1])
URL = "mysql+pymysql://root@127.0.0.1:%d/%s?charset=utf8mb4"
Base = orm.declarative_base()


class State(enum.Enum):
    open = 1
    paid = 2
    gone = 3


tagging = sa.Table(
    "tagging", Base.metadata,
    sa.Column("product_id", sa.ForeignKey("product.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tag"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(30), unique=True, nullable=False)


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (
        sa.CheckConstraint("price >= 0", name="price_not_negative"), sa.Index("by_name_price", "name", "price"),
        {"mysql_engine": "InnoDB", "comment": "what is sold"},
    )
    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    name = sa.Column(sa.Unicode(80), nullable=False, comment="as shown")
    price = sa.Column(sa.Numeric(10, 2), nullable=False, server_default="0.00")
    weight = sa.Column(sa.Float)
    photo = sa.Column(sa.LargeBinary)
    note = sa.Column(sa.Text)
    made = sa.Column(sa.Date)
    at = sa.Column(mysql.DATETIME(fsp=6), server_default=sa.func.now(6))
    options = sa.Column(sa.JSON)
    sold = sa.Column(sa.Boolean, nullable=False, default=False)
    tags = orm.relationship(Tag, secondary=tagging, backref="products", order_by=Tag.name)


class Customer(Base):
    __tablename__ = "customer"
    id = sa.Column(sa.Integer, primary_key=True)
    email = sa.Column(sa.String(100), unique=True)
    parent_id = sa.Column(sa.ForeignKey("customer.id"))
    children = orm.relationship("Customer", order_by="Customer.id")
    orders = orm.relationship("Order", back_populates="customer", cascade="all, delete-orphan", order_by="Order.id")


class Order(Base):
    __tablename__ = "order"
    id = sa.Column(sa.Integer, primary_key=True)
    customer_id = sa.Column(sa.ForeignKey("customer.id", ondelete="CASCADE"), nullable=False, index=True)
    state = sa.Column(sa.Enum(State), nullable=False, default=State.open)
    version = sa.Column(sa.Integer, nullable=False)
    total = sa.Column(sa.Numeric(12, 2))
    customer = orm.relationship(Customer, back_populates="orders")
    __mapper_args__ = {"version_id_col": version}


def reflect(engine):
    inspector = sa.inspect(engine)
    print("tables", sorted(inspector.get_table_names()), "views", inspector.get_view_names())
    for table in sorted(inspector.get_table_names()):
        for column in inspector.get_columns(table):
            # SQLAlchemy of Debian 12 does not know the types of collations and defaults in which servers differ.
            print(" ", table, column["name"], str(column["type"]).split(" COLLATE")[0].lower(), column["nullable"], column.get("autoincrement"), column.get("comment"))
        print(" ", table, "key", inspector.get_pk_constraint(table)["constrained_columns"])
        for key in sorted(inspector.get_foreign_keys(table), key=lambda k: k["constrained_columns"]):
            print(" ", table, "refers", key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"])
        for index in sorted(inspector.get_indexes(table), key=lambda i: i["name"]):
            print(" ", table, "index", index["name"], index["column_names"], index["unique"])
        for unique in sorted(inspector.get_unique_constraints(table), key=lambda u: u["name"]):
            print(" ", table, "unique", unique["name"], unique["column_names"])
        print(" ", table, "comment", inspector.get_table_comment(table), "checks", [c["name"] for c in inspector.get_check_constraints(table)])
    again = sa.MetaData()
    again.reflect(engine)
    print("reflected", sorted(again.tables), [c.name for c in again.tables["order"].columns], sorted(str(k.target_fullname) for k in again.tables["tagging"].foreign_keys))


def fill(session):
    tags = {name: Tag(name=name) for name in ["new", "sale", "ünïcödé"]}
    for i in range(20):
        session.add(Product(
            name="p%02d" % i, price=decimal.Decimal(i) / 4, weight=i / 3, photo=bytes([i, 0, 255]), note=None if i % 2 else "it's",
            made=datetime.date(2024, 1, 1 + i), at=datetime.datetime(2024, 2, 3, 4, 5, 6, i), options={"i": i, "list": [None, True]}, sold=i % 3 == 0,
            tags=[t for n, t in enumerate(tags.values()) if i % (n + 2) == 0],
        ))
    ann = Customer(email="ann@example.org", orders=[Order(total=10), Order(total=20, state=State.paid)])
    ann.children = [Customer(email="bob@example.org", orders=[Order(total=None)]), Customer(email=None)]
    session.add(ann)
    session.commit()


def ask(session):
    p = session.get(Product, 5)
    print("product", p.name, p.price, p.weight, p.photo, p.note, p.made, p.at, p.options, p.sold, [t.name for t in p.tags])
    q = sa.select(Product.name, sa.func.count(Tag.id)).join(Product.tags, isouter=True).group_by(Product.name).having(sa.func.count(Tag.id) > 1)
    print("tagged", session.execute(q.order_by(Product.name)).all())
    print("page", session.execute(sa.select(Product.id).order_by(Product.price.desc()).limit(3).offset(4)).scalars().all())
    newest = sa.select(Order.customer_id, sa.func.max(Order.id).label("newest")).group_by(Order.customer_id).subquery()
    print("newest", session.execute(sa.select(Customer.email, newest.c.newest).join(newest, newest.c.customer_id == Customer.id).order_by(Customer.id)).all())
    rank = sa.func.row_number().over(partition_by=Product.sold, order_by=Product.price.desc()).label("n")
    ranked = sa.select(Product.name, Product.sold, rank).subquery()
    print("window", session.execute(sa.select(ranked).where(ranked.c.n <= 2).order_by(ranked.c.sold, ranked.c.n)).all())
    tree = sa.select(Customer.id, Customer.email).where(Customer.parent_id.is_(None)).cte(recursive=True)
    tree = tree.union_all(sa.select(Customer.id, Customer.email).join(tree, Customer.parent_id == tree.c.id))
    print("tree", session.execute(sa.select(tree).order_by(tree.c.id)).all())
    print("exists", session.query(Customer.email).filter(Customer.orders.any(Order.state == State.paid)).all())
    print("json", session.execute(sa.select(Product.id).where(sa.func.json_extract(Product.options, "$.i") == 7)).scalars().all())
    for customer in session.execute(sa.select(Customer).options(orm.joinedload(Customer.orders)).order_by(Customer.id)).unique().scalars():
        print("orders of", customer.email, [(o.id, o.state.name, o.total) for o in customer.orders])
    print("selectin", [len(p.tags) for p in session.query(Product).options(orm.selectinload(Product.tags)).order_by(Product.id)])
    print("like", session.query(Product.name).filter(Product.name.ilike("P1%"), Product.note.isnot(None)).order_by(Product.name).all())


def change(session, engine):
    order = session.get(Order, 1)
    order.total = decimal.Decimal("11.50")
    session.flush()
    print("version", order.version)
    with session.begin_nested() as inner:
        session.add(Tag(name="inner"))
        session.flush()
        inner.rollback()
    try:
        with session.begin_nested():
            session.add(Tag(name="new"))
    except sa.exc.IntegrityError as e:
        print("integrity", e.orig.args[0])
    session.commit()
    print("tags", session.execute(sa.select(Tag.name).order_by(Tag.id)).scalars().all())
    with orm.Session(engine) as other:
        mine, theirs = session.get(Order, 2), other.get(Order, 2)
        theirs.total = 1
        other.commit()
        mine.total = 2
        try:
            session.commit()
        except orm.exc.StaleDataError as e:
            print("stale", str(e).split(";")[0])
            session.rollback()
    session.delete(session.get(Order, 3))
    session.commit()
    insert = mysql.insert(Tag).values([{"id": 1, "name": "newer"}, {"id": 9, "name": "nine"}])
    print("upsert", session.execute(insert.on_duplicate_key_update(name=insert.inserted.name)).rowcount)
    print("update", session.execute(sa.update(Product).where(Product.price > 3).values(price=Product.price + 1)).rowcount)
    print("delete", session.execute(sa.delete(Product).where(Product.id.in_(sa.select(tagging.c.product_id).where(tagging.c.tag_id == 3))), execution_options={"synchronize_session": False}).rowcount)
    session.commit()
    print("left", session.execute(sa.select(sa.func.count(), sa.func.sum(Product.price), sa.func.avg(Product.weight) > 3).select_from(Product)).all())
    session.commit()
    with session.begin():
        print("locked", [o.id for o in session.query(Order).with_for_update(skip_locked=True).order_by(Order.id)])
        with orm.Session(engine) as other:
            print("skipped", [o.id for o in other.query(Order).with_for_update(skip_locked=True)])
    print("bulk", session.execute(sa.insert(Tag), [{"name": "t%d" % i} for i in range(500)]).rowcount)
    session.rollback()


def levels():
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]:
        engine = sa.create_engine(URL % (PORT, "alchemy"), isolation_level=level)
        with engine.connect() as c:
            print("level", c.get_isolation_level(), c.execute(sa.text("SELECT count(*) FROM tag")).scalar())
        engine.dispose()


def main():
    admin = sa.create_engine(URL % (PORT, ""))
    with admin.connect() as c:
        c.execute(sa.text("DROP DATABASE IF EXISTS alchemy"))
        c.execute(sa.text("CREATE DATABASE alchemy CHARACTER SET utf8mb4"))
    engine = sa.create_engine(URL % (PORT, "alchemy"), pool_pre_ping=True)
    print("has table", sa.inspect(engine).has_table("product"))
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)  # finds everything there
    print("has table", sa.inspect(engine).has_table("product"))
    reflect(engine)
    with orm.Session(engine) as session:
        fill(session)
        ask(session)
        session.commit()
        change(session, engine)
    levels()
    with engine.begin() as c:
        c.execute(sa.text("ALTER TABLE tag ADD COLUMN color VARCHAR(20) NOT NULL DEFAULT 'none' AFTER id, ADD INDEX by_color (color)"))
    print("altered", [c["name"] for c in sa.inspect(engine).get_columns("tag")])
    Base.metadata.drop_all(engine)
    print("dropped", sa.inspect(engine).get_table_names())
    print("all well")


main()
