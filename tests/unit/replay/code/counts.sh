# A version in another language than Python: the state of a stream is how many events it has.
echo '{"protocol":1}'
while IFS= read -r line; do
    case $line in
    '{"type":"$replay.begin"'*)
        unit=${line#*\"unit\":}
        unit=${unit%\}}
        count=0
        ;;
    '{"type":"$replay.sync"'*) echo "{\"synced\":$count}" ;;
    '{"type":"$replay.state"'*) echo "{\"unit\":$unit,\"events\":$count,\"state\":$count}" ;;
    *) count=$((count + 1)) ;;
    esac
done
