import { Queue } from "bullmq";

const connection = { host: process.env.REDIS_HOST };
const imports = new Queue("imports", { connection });

export const enqueue = (url: string) => imports.add("import", { url });

process.on("SIGTERM", () => imports.close());
