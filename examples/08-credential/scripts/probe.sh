# Stands for a request that the key permits and that changes nothing. The key is in FLEETC_CREDENTIAL, and in nothing that
# a session can see.
test "$FLEETC_CREDENTIAL" = k-7f3a && exit 0
echo "the forge says 401: bad credentials"
exit 1
