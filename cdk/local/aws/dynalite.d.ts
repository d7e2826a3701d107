declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Folder of the database; in memory without one. */
    readonly path?: string;
    readonly createTableMs?: number;
  }

  // biome-ignore lint/style/noDefaultExport: the package's own form
  export default function dynalite(options: DynaliteOptions): Server;
}
