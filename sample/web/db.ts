import { Pool } from "pg";

const options = { connectionString: process.env.DATABASE_URL, max: 10 };

const orders = new Pool(options);
const reports = new Pool(options);

export const openOrders = () => orders.query("select * from orders where shipped is null");

export const revenue = () => reports.query("select sum(amount) from orders");
