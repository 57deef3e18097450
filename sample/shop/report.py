from contextlib import closing

import psycopg2


def revenue(dsn: str, day: str) -> int:
    with psycopg2.connect(dsn) as conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT sum(price) FROM items WHERE day = %s", (day,))
            return cursor.fetchone()[0]


def best_sellers(dsn: str, day: str):
    with closing(psycopg2.connect(dsn)) as conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT product, count(*) FROM items WHERE day = %s GROUP BY product", (day,))
            return cursor.fetchall()
