package replays

import (
	"errors"
	"net/url"

	"github.com/redis/go-redis/v9"
)

// errURL does not quote the URL, which may hold a password.
var errURL = errors.New("is not well formed")

// connect makes a client of the kind that the URL tells of: one server, with
// master_name a server that Sentinels know, with further addr a Cluster.
func connect(spelled string) (redis.UniversalClient, error) {
	u, err := url.Parse(spelled)
	if err != nil {
		return nil, errURL
	}
	switch query := u.Query(); {
	case query.Has("master_name"):
		return connectSentinel(spelled)
	case query.Has("addr"):
		return connectCluster(spelled)
	default:
		return connectServer(spelled)
	}
}

func connectServer(spelled string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	return redis.NewClient(o), nil
}

func connectSentinel(spelled string) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	return redis.NewFailoverClient(o), nil
}

func connectCluster(spelled string) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.MaxRedirects, o.ContextTimeoutEnabled = -1, 3, true
	return redis.NewClusterClient(o), nil
}
