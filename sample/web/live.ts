// Live stock figures for the shop's pages.
import type { Request, Response } from "express";
import Redis from "ioredis";

const cache = new Redis(process.env.CACHE_URL!);

/** Sends the stock of a product every two seconds, for as long as the page is open. */
export function streamStock(req: Request, res: Response) {
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  setInterval(async () => {
    const left = await cache.get(`stock:${req.params.product}`);
    res.write(`data: ${left}\n\n`);
  }, 2000);
}

/** Sends what the shop announces. Correct: both go when the browser does. */
export function streamNews(_req: Request, res: Response) {
  const subscriber = cache.duplicate();
  const ping = setInterval(() => res.write(": ping\n\n"), 15_000);
  res.on("close", () => {
    clearInterval(ping);
    subscriber.disconnect();
  });
  subscriber.on("message", (_channel, text) => res.write(`data: ${text}\n\n`));
  void subscriber.subscribe("news");
}

/** Sends the hits of the day. `writableEnded` stays false when the browser goes. */
export async function streamHits(_req: Request, res: Response) {
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  while (!res.writableEnded) {
    res.write(`data: ${await cache.get("hits")}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/** Sends the place of an order in the queue four times a second: each page that is open costs the cache as many commands. */
export function streamPlace(req: Request, res: Response) {
  const timer = setInterval(async () => {
    const place = await cache.zrank("orders", req.params.order);
    res.write(`data: ${place}\n\n`);
  }, 250);
  res.on("close", () => clearInterval(timer));
}
