import { join } from 'node:path';
import * as z from 'zod';
import { JsonFile, type FileOperations, type StagedFile } from '../../src-platform/index.ts';
import { publicKeySchema } from '../../src-shared/model/box-status.ts';
import type { KnownBox } from '../arguments.ts';

const hostSchema = z.looseObject({ host: z.string().min(1), port: z.number().int().min(1).max(65_535) });
const boxSchema = z.looseObject({
  name: z.string().max(255),
  publicKey: publicKeySchema,
  /** Where it was when it was paired. */
  hosts: z.array(hostSchema).min(1),
  /** Where it said itself that it is, in the last session; a file from before there was one has none. */
  told: z.array(hostSchema).default([]),
});
const fileSchema = z.looseObject({ version: z.literal(1), box: boxSchema.nullable() });

/** The box that this laptop is paired with, kept over restarts. */
export class PairedBoxFile {
  private readonly file: JsonFile<z.infer<typeof fileSchema>>;

  /** @param files replaced in tests. */
  constructor(stateDir: string, files?: FileOperations) {
    this.file = new JsonFile({
      path: join(stateDir, 'box.json'),
      schema: fileSchema,
      version: 1,
      migrations: {},
      fallback: { version: 1, box: null },
      ...(files === undefined ? {} : { files }),
    });
  }

  /** @returns a warning too if the file was bad and set aside. @throws StorageError */
  async load(): Promise<{ readonly box: KnownBox | null; readonly warning: string | null }> {
    const { value, warning } = await this.file.load();
    return { box: value.box, warning };
  }

  /** Prepares to store a box, so that storing it cannot find the disk full any more. @throws StorageError */
  stage(box: KnownBox & { readonly name: string }): Promise<StagedFile> {
    return this.file.stage({ version: 1, box: copyOf(box) });
  }

  /** Stores what was learned of the box that is known. Not while another one is staged. @throws StorageError */
  update(box: KnownBox & { readonly name: string }): Promise<void> {
    return this.file.save({ version: 1, box: copyOf(box) });
  }

  /** Forgets the box. @throws StorageError; then it is still known. */
  forget(): Promise<void> {
    return this.file.save({ version: 1, box: null });
  }
}

function copyOf(box: KnownBox & { readonly name: string }): z.infer<typeof boxSchema> {
  const { name, publicKey, hosts, told } = box;
  return {
    name,
    publicKey,
    hosts: hosts.map((host) => ({ ...host })),
    told: told.map((host) => ({ ...host })),
  };
}
