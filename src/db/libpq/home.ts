import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../config.ts';

/** Returns who runs this, by the system's list of users; undefined for one that is not in it, as in some containers. */
export function findAccount(): { username: string; homedir: string } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}

/** The path of a file in the home of that user: HOME, or what the list says (`pqGetHomeDirectory` in fe-connect.c). */
export function findInHome(path: string, env: Environment): string | undefined {
  const home = env.HOME || findAccount()?.homedir;
  return home ? join(home, path) : undefined;
}
