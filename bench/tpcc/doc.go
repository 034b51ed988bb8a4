// Package tpcc runs a workload like TPC-C's against a server of MySQL's protocol and counts new orders.
//
// The nouns:
//
//   - scale: how many warehouses, and how many customers, orders and items each has; the standard's, or fewer to be quick.
//   - transaction: one of five kinds, in the standard's mix: new order, payment, order status, delivery, stock level.
//   - client: one connection that runs transactions one after another, without pauses.
//   - condition: what must hold between tables whatever ran: the standard's consistency conditions 1 to 4, and that each
//     acknowledged new order is there.
//
// Life of a measurement: (1) the server starts over an empty directory, the tables are made, filled and analyzed; (2)
// clients run for a while uncounted, and then for the time that counts, under REPEATABLE READ; (3) a transaction that
// meets 1213 or 1205 is run again from its beginning; (4) the conditions are checked: if one does not hold, there is no
// figure.
//
// It is not TPC-C: there are no terminals with their times to think, no report is audited, and its figures compare only with
// each other. Random numbers come from a seed for each client, so that both sides are asked for much the same.
package tpcc
