import { join } from 'node:path';
import * as z from 'zod';
import { JsonFile, type FileOperations } from '../../src-platform/index.ts';
import { peerNameSchema, publicKeySchema } from '../../src-shared/model/box-status.ts';

const pairedSchema = z.looseObject({
  version: z.literal(1),
  laptops: z.array(z.looseObject({ name: peerNameSchema, publicKey: publicKeySchema })),
});
type Paired = z.infer<typeof pairedSchema>;

/** A laptop that paired by a code. */
export type PairedLaptop = Paired['laptops'][number];

/** Which laptops have paired by a code, kept over restarts. Changes are made one after the other. */
export class PairedLaptops {
  private readonly file: JsonFile<Paired>;
  private content: Paired = { version: 1, laptops: [] };
  private last: Promise<void> = Promise.resolve();

  /** @param files replaced in tests. */
  constructor(stateDir: string, files?: FileOperations) {
    this.file = new JsonFile({
      path: join(stateDir, 'peers.json'),
      schema: pairedSchema,
      version: 1,
      migrations: {},
      fallback: { version: 1, laptops: [] },
      ...(files === undefined ? {} : { files }),
    });
  }

  /** @returns a warning if the file was bad and set aside. @throws StorageError */
  async load(): Promise<string | null> {
    const { value, warning } = await this.file.load();
    this.content = value;
    return warning;
  }

  get list(): readonly PairedLaptop[] {
    return this.content.laptops;
  }

  /** Adds a laptop, or gives it another name. @throws StorageError; then nothing has changed. */
  put(name: string, publicKey: string): Promise<void> {
    return this.change((laptops) => {
      const known = laptops.find((laptop) => laptop.publicKey === publicKey);
      if (known === undefined) return [...laptops, { name, publicKey }];
      return laptops.map((laptop) => (laptop === known ? { ...known, name } : laptop));
    });
  }

  /** @throws StorageError; then nothing has changed. */
  remove(publicKey: string): Promise<void> {
    return this.change((laptops) => laptops.filter((laptop) => laptop.publicKey !== publicKey));
  }

  private change(edit: (laptops: readonly PairedLaptop[]) => PairedLaptop[]): Promise<void> {
    const change = this.last
      // The failure of an earlier change was told to who asked for it.
      .catch(() => undefined)
      .then(async () => {
        const content = { ...this.content, laptops: edit(this.content.laptops) };
        await this.file.save(content);
        this.content = content;
      });
    this.last = change;
    return change;
  }
}
