import { join } from 'node:path';
import * as z from 'zod';
import { JsonFile } from '../../src-platform/index.ts';

const leasesSchema = z.looseObject({
  version: z.literal(1),
  /** Host numbers in the tunnel network by public key. */
  hosts: z.record(z.string(), z.number().int().min(2)),
});

/**
 * Which laptop has which address in the tunnel. A lease is for good: a laptop finds the same address after years, and
 * the connections of a laptop survive a restart of the box.
 */
export class Leases {
  private readonly file: JsonFile<z.infer<typeof leasesSchema>>;
  private hosts: Record<string, number> = {};

  constructor(stateDir: string) {
    this.file = new JsonFile({
      path: join(stateDir, 'leases.json'),
      schema: leasesSchema,
      version: 1,
      migrations: {},
      fallback: { version: 1, hosts: {} },
    });
  }

  /** @returns a warning if the file was bad and set aside. @throws StorageError */
  async load(): Promise<string | null> {
    const { value, warning } = await this.file.load();
    this.hosts = { ...value.hosts };
    return warning;
  }

  /**
   * The host number of a laptop, a new one on first sight.
   * @param mostHosts numbers in the network, network and broadcast address included.
   * @throws RangeError if the network is full. @throws StorageError if a new lease cannot be stored.
   */
  async hostOf(publicKey: string, mostHosts: number): Promise<number> {
    const known = this.hosts[publicKey];
    if (known !== undefined && known < mostHosts - 1) return known;
    const taken = new Set(Object.values(this.hosts));
    for (let host = FIRST_HOST; host < mostHosts - 1; host++) {
      if (taken.has(host)) continue;
      this.hosts[publicKey] = host;
      await this.file.save({ version: 1, hosts: this.hosts });
      return host;
    }
    throw new RangeError(
      `the tunnel network has no free address for another laptop; give --tunnel-net a larger one`,
    );
  }
}

/** The box itself is 1. */
const FIRST_HOST = 2;
