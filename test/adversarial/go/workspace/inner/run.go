package elsewhere

func Run() {}
