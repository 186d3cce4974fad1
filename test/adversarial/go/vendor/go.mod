module example.com/hostile

go 1.20

require golang.org/x/sys v0.0.0-20220715151400-c0bba94af5f8
