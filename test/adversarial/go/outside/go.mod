module example.com/hostile

go 1.20

require example.com/secrets v1.0.0

replace example.com/secrets v1.0.0 => ../../../../../../../../../etc
