/** Recipe → build plan: everything that changes bits, decided by the recipe alone. Pure. */
import type { Recipe } from '@verbatim/statements';
import { planCargo } from './cargo/plan.ts';
import { BuilderError } from './errors.ts';
import { planDebian } from './debian/plan.ts';
import { planGo } from './go/plan.ts';
import { planGoToolchain } from './go-toolchain/plan.ts';

export interface PlanHost {
  /** Host platform, such as `linux/amd64`. */
  readonly platform: string;
  /** Cores to use. It changes no bits. */
  readonly cpus: number;
}

export type PlanMount =
  /** One of the fetch stage's folders by its name, read-only. */
  | { readonly kind: 'input'; readonly input: string; readonly path: string }
  /** One of them as a copy of this build's own, which it may change. */
  | { readonly kind: 'copy'; readonly input: string; readonly path: string }
  /** An empty folder of the build's own. `cache` may be kept for the release's next output. */
  | { readonly kind: 'scratch'; readonly name: 'cache' | 'out' | 'tools'; readonly path: string };

export interface PlanFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface BuildPlan {
  /** The artifact that it builds. */
  readonly artifact: string;
  /** Target platform. */
  readonly target: string;
  readonly host: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Whether the recipe says where the build is, whatever the path: then it is never moved. */
  readonly ownPaths?: boolean;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly PlanMount[];
  /** Read-only files of the plan's own. */
  readonly files: readonly PlanFile[];
  /**
   * Programs of the host that it needs, with their libraries; or one of the fetch stage's folders that is the whole system instead; or the
   * host's system, without what is installed beside its packages.
   */
  readonly programs: readonly string[] | { readonly root: string } | 'system';
  /** Path of the output in the sandbox, below the scratch folder `out`. */
  readonly output: string;
  /** Name of the machine and number of the user that the build sees; the same for all builds unless they are varied. */
  readonly machine?: { readonly hostname?: string; readonly user?: number };
}

/**
 * The plan for one output of a recipe: arguments, environment, mounts and files, with nothing of this machine in them but the number of cores.
 * @param artifact name of the output
 * @throws BuilderError `unsupported-recipe` for what this builder cannot build, and for a name that the recipe does not have
 */
export function planBuild(recipe: Recipe, artifact: string, host: PlanHost): BuildPlan {
  switch (recipe.kind) {
    case 'go':
      return planGo(recipe, outputOf(recipe.outputs, artifact), host);
    case 'go-toolchain':
      return planGoToolchain(recipe, outputOf(recipe.outputs, artifact), host);
    case 'cargo':
      return planCargo(recipe, outputOf(recipe.outputs, artifact), host);
    case 'debian':
      return planDebian(recipe, outputOf(recipe.outputs, artifact), host);
  }
}

function outputOf<O extends { readonly artifact: string }>(outputs: readonly O[], name: string): O {
  const found = outputs.find(({ artifact }) => artifact === name);
  if (found !== undefined) return found;
  const known = outputs.map(({ artifact }) => artifact).join(', ');
  throw new BuilderError('unsupported-recipe', `expected one of the recipe’s outputs ${known}, found ${name}`);
}
