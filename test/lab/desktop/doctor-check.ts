import type { Tunnel } from '../daemons.ts';

/** What one check of `bowline doctor` says. */
export interface NamedCheck {
  readonly name: string;
  readonly verdict: string;
  readonly evidence?: string;
  readonly fix?: string | null;
}

/** Runs the doctor and picks one check, by its name. */
export async function doctorCheck(
  tunnel: Pick<Tunnel, 'cli'>,
  name: string,
): Promise<NamedCheck | undefined> {
  const { checks } = JSON.parse(await tunnel.cli('doctor', '--json')) as { checks: readonly NamedCheck[] };
  return checks.find((check) => check.name === name);
}
