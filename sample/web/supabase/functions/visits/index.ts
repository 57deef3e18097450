import { Redis } from "ioredis";

const redis = new Redis(Deno.env.get("REDIS_URL"));

Deno.serve(async () => new Response(String(await redis.incr("visits"))));
