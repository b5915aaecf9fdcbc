import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../programs.ts';
import type { Scene } from '../scene.ts';
import { accountLines } from './accounts.ts';
import type { MessageBus } from './message-bus.ts';
import { NodeProgram } from './node-program.ts';
import { RESOLVED_ACTIONS } from './resolved-service.ts';

/** Debian's polkit, of the package polkitd. */
const POLKIT_PROGRAM = '/usr/lib/polkit-1/polkitd';
export const HAS_POLKIT = existsSync(POLKIT_PROGRAM);
const POLKIT = 'org.freedesktop.PolicyKit1';

/** The real polkit on the laptop of a home, with the actions of systemd-resolved and no rules but the test's. */
export class PolkitService implements AsyncDisposable {
  private readonly program: NodeProgram;

  private constructor(scene: Scene, bus: MessageBus, isOurRuleThere: boolean) {
    const rule = join(projectDir(), 'packaging/polkit-1/50-bowline.rules');
    const script = `
      ${accountLines(scene.home)}
      for dir in /usr/share/polkit-1/actions /usr/share/polkit-1/rules.d /etc/polkit-1/rules.d; do
        [ ! -d $dir ] || mount -t tmpfs -o mode=755 tmpfs $dir
      done
      cp ${RESOLVED_ACTIONS} /usr/share/polkit-1/actions/
      ${isOurRuleThere ? `cp ${rule} /usr/share/polkit-1/rules.d/` : ''}
      chmod 644 /usr/share/polkit-1/*/*
      exec "$@"
    `;
    this.program = new NodeProgram(scene.home, 'laptop', 'polkit', [
      ...['sh', '-ec', script, 'sh', ...bus.environment],
      ...[POLKIT_PROGRAM, '--no-debug'],
    ]);
  }

  static async start(scene: Scene, bus: MessageBus, isOurRuleThere: boolean): Promise<PolkitService> {
    const service = scene.use(new PolkitService(scene, bus, isOurRuleThere));
    const connection = await bus.connect();
    await scene.until('polkit', async () => ((await connection.hasOwner(POLKIT)) ? true : null));
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }
}
