/**
 * Is a point of edwards25519 in the subgroup of prime order L? Multiplying by L answers that with 252
 * doublings; a policy has a dozen keys, and this is most of what a command spends before it can start.
 *
 * The group is cyclic of order 8·L, so a point P is in the subgroup exactly when it can be halved three
 * times. We halve once, on the Montgomery form v² = u³ + A·u² + u (RFC 7748 §4.1), and ask a quartic
 * residue whether the half can be halved twice more (T. Pornin, "Point-Halving and Subgroup Membership in
 * Twisted Edwards Curves", ePrint 2022/1164; D. Koshelev, "Subgroup membership testing on elliptic curves
 * via the Tate pairing", ePrint 2022/037). The tests compare every coset with multiplication by L.
 */
import { etc, type Point } from '@noble/ed25519';

const P = (1n << 255n) - 19n;
const A = 486662n;
/** √−1 mod p. */
const SQRT_M1 = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n;
/** √(A + 2) mod p: (1, this) is a point of order 4. */
const SQRT_A_PLUS_2 = 0x6be4f497f9a9c2afc21fa77ad7f4a6ef635a11c7284a9363e9a248ef9c884415n;

/**
 * True for the identity and for points of order L. Every choice of a square root's sign turns P into −P or a
 * half into another half, which changes nothing: the two-torsion point that separates two halves of P is
 * itself four times a point.
 */
export function isTorsionFree(point: Point): boolean {
  const { x, y } = point.toAffine();
  // The identity and the point of order 2, where the maps below have their exceptions.
  if (x === 0n) return y === 1n;
  // u = (1 + y)/(1 − y), v = √−(A+2)·u/x; one inversion serves 1/(1 − y), 1/(1 + y) and 1/x.
  const [n, d] = [1n + y, 1n - y];
  const inverse = etc.invert(fold(fold(n * d) * x), P);
  const u = fold(fold(n * n) * fold(inverse * x));
  const oneOverU = fold(fold(d * d) * fold(inverse * x));
  const v = fold(fold(fold(SQRT_M1 * SQRT_A_PLUS_2) * u) * fold(fold(n * d) * inverse));

  // P is twice a point exactly when u is a square, since (0, 0) is the only rational point of order 2.
  const w = squareRoot(u);
  if (w === null) return false;

  // Halve: u = ((q² − 1)/(2·r))² for Q = (q, r), so s = q + 1/q solves s² − 4u·s − 4 − 4u·A = 0, that is
  // s = 2(u ± v/w), and q² − s·q + 1 = 0 has the discriminant s² − 4 = 4u(s + A). For one of the two
  // signs s + A is a square, because their product is A² − 4, which is none.
  const oneOverW = fold(w * oneOverU);
  const e = fold(v * oneOverW);
  let h = u + e;
  let root = squareRoot(2n * h + A);
  if (root === null) {
    h = u - e;
    root = squareRoot(2n * h + A);
  }
  if (root === null) return false;
  const q = fold(h + fold(w * root));
  // 2·r = (q² − 1)/w; everything below is doubled instead of halving r.
  const r2 = fold((fold(q * q) - 1n) * oneOverW);

  // Q is four times a point exactly when f(Q) = l²/q is a fourth power, where l = r − √(A+2)·q is the
  // tangent at the point of order 4: the reduced Tate pairing of order 4. (2q)⁴·f(Q) = 4·(2l)²·q³.
  const l2 = fold(r2 - 2n * fold(SQRT_A_PLUS_2 * q));
  const f = fold(4n * fold(fold(l2 * l2) * fold(fold(q * q) * q)));
  return isOne(fold(square(power252(f), 1) * f));
}

/** A square root of `a`, or null: a^((p+3)/8), times √−1 if need be (RFC 8032 §5.1.3). */
function squareRoot(a: bigint): bigint | null {
  const root = fold(power252(a) * a);
  const squared = fold(root * root);
  if ((squared - a) % P === 0n) return root;
  return (squared + a) % P === 0n ? fold(root * SQRT_M1) : null;
}

/** a^(2^252 − 3). Times a it is a^((p+3)/8); squared and times a it is a^((p−1)/4). */
function power252(a: bigint): bigint {
  const b2 = fold(square(a, 1) * a);
  const b4 = fold(square(b2, 2) * b2);
  const b5 = fold(square(b4, 1) * a);
  const b10 = fold(square(b5, 5) * b5);
  const b20 = fold(square(b10, 10) * b10);
  const b40 = fold(square(b20, 20) * b20);
  const b80 = fold(square(b40, 40) * b40);
  const b160 = fold(square(b80, 80) * b80);
  const b240 = fold(square(b160, 80) * b80);
  const b250 = fold(square(b240, 10) * b10);
  return fold(square(b250, 2) * a);
}

/** a^(2^times). */
function square(a: bigint, times: number): bigint {
  let result = a;
  for (let i = 0; i < times; i++) result = fold(result * result);
  return result;
}

/**
 * Congruent to `a` mod p, between −p and p. A division makes one number where shifts and masks make eight: these are a quarter faster once they
 * are compiled, and half as fast in a new process, which checks a dozen keys and is done.
 */
function fold(a: bigint): bigint {
  return a % P;
}

function isOne(a: bigint): boolean {
  return (a - 1n) % P === 0n;
}
