package main

// Each type's name is twice as long as the one before.
type P[A, B any] struct {
	a *A
	b *B
}

type (
	T0  = P[int, uint]
	T1  = P[T0, T0]
	T2  = P[T1, T1]
	T3  = P[T2, T2]
	T4  = P[T3, T3]
	T5  = P[T4, T4]
	T6  = P[T5, T5]
	T7  = P[T6, T6]
	T8  = P[T7, T7]
	T9  = P[T8, T8]
	T10 = P[T9, T9]
	T11 = P[T10, T10]
	T12 = P[T11, T11]
	T13 = P[T12, T12]
	T14 = P[T13, T13]
	T15 = P[T14, T14]
	T16 = P[T15, T15]
	T17 = P[T16, T16]
	T18 = P[T17, T17]
	T19 = P[T18, T18]
	T20 = P[T19, T19]
	T21 = P[T20, T20]
	T22 = P[T21, T21]
)

func main() {
	var x any = T22{}
	_, ok := x.(T21)
	println(ok)
}
